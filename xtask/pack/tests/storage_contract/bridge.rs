//! The macros that convert records and forward calls across a component's boundary.

use std::fmt::Write as _;

use crate::contract::{Contract, HEADER, Noun, Shape};
use crate::traits;

/// Writes both macros.
pub(crate) fn write(contract: &Contract) -> String {
    let mut code = format!(
        "//! The contract as macros. {HEADER}

/// Implements [`Mirror`](crate::Mirror) both ways between this crate's records and bindings that are generated from `wit/`.
/// The argument is the module of the package: `gatewright_storage::mirror_storage!(bindings::gatewright::auth);`
#[macro_export]
macro_rules! mirror_storage {{
    ($($wit:tt)*) => {{
        const _: () = {{
            use $($wit)* as wit;
"
    );
    for noun in &contract.nouns {
        records(noun, &mut code);
    }
    code.push_str(
        "        };
    };
}

/// Hands the functions of the contract to another macro, by noun: the trait, the module of bindings, and each function.
///
/// Type names are resolved where the macro is expanded: with `gatewright_storage::*` in scope they are this crate's, with
/// the module of a noun's bindings in scope they are the contract's.
#[macro_export]
macro_rules! storage_functions {
    ($callback:ident) => {
        $callback! {
",
    );
    for noun in &contract.nouns {
        functions(noun, &mut code);
    }
    code.push_str("        }\n    };\n}\n");
    code
}

fn records(noun: &Noun, code: &mut String) {
    if noun.types.is_empty() {
        return;
    }
    let _ = writeln!(
        code,
        "            $crate::mirror_types! {{ [$crate] [wit::{}]",
        noun.module()
    );
    for defined in &noun.types {
        let (kind, parts): (_, Vec<_>) = match &defined.shape {
            Shape::Record(fields) => (
                "record",
                fields.iter().map(|field| field.name.clone()).collect(),
            ),
            Shape::Variant(cases) => {
                let case = |case: &crate::contract::Case| {
                    let payload = case.payload.as_ref().map_or("", |_| "(payload)");
                    format!("{}{payload}", case.name)
                };
                ("variant", cases.iter().map(case).collect())
            }
        };
        let _ = writeln!(
            code,
            "                {kind} {} {{ {} }}",
            defined.name,
            parts.join(", ")
        );
    }
    code.push_str("            }\n");
}

fn functions(noun: &Noun, code: &mut String) {
    let Some(name) = traits::name(noun) else {
        return;
    };
    let _ = writeln!(code, "            {name} in {} {{", noun.module());
    for function in &noun.functions {
        let parameters = function.parameters.iter();
        let parameters: Vec<_> = parameters
            .map(|one| format!("{}: {}", one.name, one.ty))
            .collect();
        let (name, output) = (&function.name, &function.output);
        let _ = writeln!(
            code,
            "                {name}({}) -> {output};",
            parameters.join(", ")
        );
    }
    code.push_str("            }\n");
}

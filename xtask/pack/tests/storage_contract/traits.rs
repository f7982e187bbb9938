//! Traits: one for each noun, and one for all of them.

use std::fmt::Write as _;

use crate::contract::{Contract, Function, Noun, camel};
use crate::records::docs;

/// The maximum width of a line in rustfmt.
const WIDTH: usize = 100;

/// Returns the trait's name, or `None` for a noun without functions.
pub(crate) fn name(noun: &Noun) -> Option<String> {
    (!noun.functions.is_empty()).then(|| camel(&noun.name))
}

/// Writes the trait of a noun.
pub(crate) fn write(noun: &Noun, code: &mut String) {
    let Some(name) = name(noun) else { return };
    code.push('\n');
    docs(code, "", &noun.docs);
    let _ = writeln!(
        code,
        "#[allow(async_fn_in_trait, reason = \"futures are Send where the platform's are; Workers' are not\")]
pub trait {name} {{"
    );
    let functions: Vec<_> = noun.functions.iter().map(function).collect();
    let _ = writeln!(code, "{}}}", functions.join("\n"));
}

fn function(function: &Function) -> String {
    let mut code = String::new();
    docs(&mut code, "    ", &function.docs);
    let parameters: Vec<_> = function
        .parameters
        .iter()
        .map(|parameter| format!("{}: {}", parameter.name, parameter.ty))
        .collect();
    let (name, output) = (&function.name, &function.output);
    let all: Vec<_> = std::iter::once("&self".to_owned())
        .chain(parameters)
        .collect();
    let line = format!(
        "    async fn {name}({}) -> Result<{output}, StorageError>;",
        all.join(", ")
    );
    if line.len() <= WIDTH {
        return code + &line + "\n";
    }
    let _ = writeln!(code, "    async fn {name}(");
    for parameter in all {
        let _ = writeln!(code, "        {parameter},");
    }
    let _ = writeln!(code, "    ) -> Result<{output}, StorageError>;");
    code
}

/// Writes the trait that combines all of them.
pub(crate) fn write_all(contract: &Contract, code: &mut String) {
    let names: Vec<_> = contract.nouns.iter().filter_map(name).collect();
    let bounds = |indent: &str| names.join(&format!("\n{indent}+ "));
    let _ = writeln!(
        code,
        "
/// All of storage.
pub trait Storage:
    {}
{{
}}

impl<T> Storage for T where
    T: {}
{{
}}",
        bounds("    "),
        bounds("        ")
    );
}

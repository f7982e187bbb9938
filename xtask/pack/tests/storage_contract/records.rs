//! Records and variants.

use std::fmt::Write as _;

use crate::contract::{Case, Contract, Defined, Field, Noun, Shape};

const SERDE: &str =
    "#[cfg_attr(feature = \"serde\", derive(serde::Serialize, serde::Deserialize))]";

/// Writes the types of a noun.
pub(crate) fn write(contract: &Contract, noun: &Noun, code: &mut String) {
    for defined in &noun.types {
        code.push('\n');
        docs(code, "", &defined.docs);
        match &defined.shape {
            Shape::Record(fields) => record(contract, defined, fields, code),
            Shape::Variant(cases) => variant(contract, defined, cases, code),
        }
    }
}

fn record(contract: &Contract, defined: &Defined, fields: &[Field], code: &mut String) {
    let name = &defined.name;
    let hides = fields.iter().any(|field| field.secret);
    let derived = [
        (!hides, "Debug"),
        (true, "Clone"),
        (fields.iter().all(|field| is_copy(&field.ty)), "Copy"),
        (has_default(contract, defined), "Default"),
        (true, "PartialEq"),
        (true, "Eq"),
    ];
    derive(code, &derived);
    let _ = writeln!(code, "pub struct {name} {{");
    for field in fields {
        docs(code, "    ", &field.docs);
        let _ = writeln!(code, "    pub {}: {},", field.name, field.ty);
    }
    code.push_str("}\n");
    if hides {
        let _ = writeln!(
            code,
            "\n/// Leaves out what must not reach a log.
impl core::fmt::Debug for {name} {{
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {{
        formatter
            .debug_struct(\"{name}\")"
        );
        for field in fields.iter().filter(|field| !field.secret) {
            let _ = writeln!(code, "            .field(\"{0}\", &self.{0})", field.name);
        }
        code.push_str("            .finish_non_exhaustive()\n    }\n}\n");
    }
}

fn variant(contract: &Contract, defined: &Defined, cases: &[Case], code: &mut String) {
    let payloads = || cases.iter().filter_map(|case| case.payload.as_ref());
    let ordered = has_default(contract, defined);
    let derived = [
        (true, "Debug"),
        (true, "Clone"),
        (payloads().next().is_none(), "Copy"),
        (ordered, "Default"),
        (true, "PartialEq"),
        (true, "Eq"),
        (
            payloads().count() == cases.len() && payloads().all(|payload| payload == "String"),
            "PartialOrd, Ord",
        ),
    ];
    derive(code, &derived);
    if payloads().any(|payload| contract.find(payload).is_some()) {
        code.push_str("#[allow(clippy::large_enum_variant, reason = \"made once for a call, and moved at once\")]\n");
    }
    let _ = writeln!(code, "pub enum {} {{", defined.name);
    for (number, case) in cases.iter().enumerate() {
        docs(code, "    ", &case.docs);
        if ordered && number == 0 {
            code.push_str("    #[default]\n");
        }
        let payload = case.payload.as_ref().map(|payload| format!("({payload})"));
        let _ = writeln!(code, "    {}{},", case.name, payload.unwrap_or_default());
    }
    code.push_str("}\n");
}

fn derive(code: &mut String, traits: &[(bool, &str)]) {
    let derived = traits.iter().filter(|(derived, _)| *derived);
    let derived: Vec<_> = derived.map(|(_, name)| *name).collect();
    let _ = writeln!(code, "#[derive({})]\n{SERDE}", derived.join(", "));
}

/// Writes documentation.
pub(crate) fn docs(code: &mut String, indent: &str, text: &str) {
    for line in text.lines() {
        let _ = writeln!(code, "{}", format!("{indent}/// {line}").trim_end());
    }
}

/// Numbers, times and types made only of them are `Copy`.
fn is_copy(ty: &str) -> bool {
    let inner = ty
        .strip_prefix("Option<")
        .and_then(|ty| ty.strip_suffix('>'));
    matches!(
        inner.unwrap_or(ty),
        "bool" | "u64" | "Duration" | "Timestamp"
    )
}

/// A record has a default if each of its fields has one: a list, an option, a number. A text has none, because IDs are
/// texts. The sort key of users defaults to its first case.
fn has_default(contract: &Contract, defined: &Defined) -> bool {
    match &defined.shape {
        Shape::Record(fields) => fields.iter().all(|field| {
            let known = contract.find(&field.ty);
            match known {
                Some(defined) => has_default(contract, defined),
                None => field.ty != "String",
            }
        }),
        Shape::Variant(_) => defined.name.ends_with("Order"),
    }
}

//! Reads the contract from `wit/`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use wit_parser::{Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldItem};

/// The header of each generated file.
pub(crate) const HEADER: &str = "Generated from `wit/` by `cargo xtask generate`: change it there.";

/// Rust types for the names that `types` gives to numbers and texts.
const ALIASES: [(&str, &str); 5] = [
    ("cursor", "Cursor"),
    ("digest", "String"),
    ("duration", "Duration"),
    ("id", "String"),
    ("timestamp", "Timestamp"),
];
/// The modules of those types.
const PLACES: [(&str, &str); 3] = [
    ("Cursor", "crate::cursor::Cursor"),
    ("Duration", "core::time::Duration"),
    ("Timestamp", "crate::time::Timestamp"),
];
/// Names of fields that must not be logged.
const SECRET: [&str; 3] = ["secret", "ciphertext", "tokens"];

/// The whole storage contract.
pub(crate) struct Contract {
    /// The interfaces, in the world's order.
    pub(crate) nouns: Vec<Noun>,
    /// The module that defines each type.
    homes: BTreeMap<String, String>,
}

/// An interface.
pub(crate) struct Noun {
    /// Its name in WIT.
    pub(crate) name: String,
    /// Its documentation.
    pub(crate) docs: String,
    /// Its types.
    pub(crate) types: Vec<Defined>,
    /// Its functions.
    pub(crate) functions: Vec<Function>,
}

/// A type.
pub(crate) struct Defined {
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) shape: Shape,
}

/// The content of a type.
pub(crate) enum Shape {
    /// A record with these fields.
    Record(Vec<Field>),
    /// A variant with these cases.
    Variant(Vec<Case>),
}

/// A field of a record, or a parameter of a function.
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) ty: String,
    /// Whether it must not be logged.
    pub(crate) secret: bool,
}

/// A case of a variant.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) payload: Option<String>,
}

/// A function.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) parameters: Vec<Field>,
    /// The type of its successful result.
    pub(crate) output: String,
}

impl Contract {
    /// Reads the interfaces of the world `storage`.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(folder).unwrap();
        let world = resolve.select_world(&[package], Some("storage")).unwrap();
        let names = Names::of(&resolve);
        let imports = resolve.worlds[world].imports.values();
        let nouns = imports.map(|item| match item {
            WorldItem::Interface { id, .. } => Noun::read(&resolve, &names, *id),
            item => panic!("the world `storage` must contain only interfaces, found {item:?}"),
        });
        let nouns: Vec<_> = nouns.collect();
        let homes = nouns.iter().flat_map(|noun| {
            let types = noun.types.iter();
            types.map(|defined| (defined.name.clone(), noun.module()))
        });
        let homes = homes.collect();
        Self { nouns, homes }
    }

    /// Returns the type with this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Defined> {
        let mut types = self.nouns.iter().flat_map(|noun| &noun.types);
        types.find(|defined| defined.name == name)
    }

    /// Returns the `use` lines of a noun's module.
    pub(crate) fn imports(&self, noun: &Noun) -> Vec<String> {
        let mut used: BTreeSet<&str> = BTreeSet::new();
        for defined in &noun.types {
            match &defined.shape {
                Shape::Record(fields) => fields
                    .iter()
                    .for_each(|field| used.extend(words(&field.ty))),
                Shape::Variant(cases) => {
                    let payloads = cases.iter().filter_map(|case| case.payload.as_ref());
                    payloads.for_each(|payload| used.extend(words(payload)));
                }
            }
        }
        for function in &noun.functions {
            let parameters = function.parameters.iter();
            parameters.for_each(|parameter| used.extend(words(&parameter.ty)));
            used.extend(words(&function.output));
            used.insert("StorageError");
        }
        let mut lines = BTreeSet::new();
        for name in used {
            let place = PLACES.iter().find(|(known, _)| *known == name);
            let home = self.homes.get(name).filter(|home| **home != noun.module());
            match (place, home) {
                (Some((_, place)), _) => lines.insert((0, format!("use {place};"))),
                (None, Some(home)) => lines.insert((1, format!("use super::{home}::{name};"))),
                (None, None) => false,
            };
        }
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

impl Noun {
    /// Returns the name of its module.
    pub(crate) fn module(&self) -> String {
        snake(&self.name)
    }

    fn read(resolve: &Resolve, names: &Names, id: wit_parser::InterfaceId) -> Self {
        let interface = &resolve.interfaces[id];
        let types = interface.types.values();
        let types = types.filter_map(|ty| Defined::read(resolve, names, *ty));
        let functions = interface.functions.values().map(|function| Function {
            name: snake(&function.name),
            docs: names.in_rust(&function.docs),
            parameters: function
                .params
                .iter()
                .map(|parameter| Field {
                    name: snake(&parameter.name),
                    docs: String::new(),
                    ty: rust_type(resolve, &parameter.ty),
                    secret: false,
                })
                .collect(),
            output: output(resolve, function.result.as_ref().unwrap()),
        });
        Self {
            name: interface.name.clone().unwrap(),
            docs: names.in_rust(&interface.docs),
            types: types.collect(),
            functions: functions.collect(),
        }
    }
}

impl Defined {
    /// Returns `None` for an alias of another type.
    fn read(resolve: &Resolve, names: &Names, id: TypeId) -> Option<Self> {
        let ty = &resolve.types[id];
        let shape = match &ty.kind {
            TypeDefKind::Type(_) => return None,
            TypeDefKind::Record(record) => Shape::Record(
                record
                    .fields
                    .iter()
                    .map(|field| Field {
                        name: snake(&field.name),
                        docs: names.in_rust(&field.docs),
                        ty: rust_type(resolve, &field.ty),
                        secret: SECRET.contains(&field.name.as_str())
                            || is_digest(resolve, &field.ty),
                    })
                    .collect(),
            ),
            TypeDefKind::Enum(cases) => Shape::Variant(
                cases
                    .cases
                    .iter()
                    .map(|case| Case {
                        name: camel(&case.name),
                        docs: names.in_rust(&case.docs),
                        payload: None,
                    })
                    .collect(),
            ),
            TypeDefKind::Variant(cases) => Shape::Variant(
                cases
                    .cases
                    .iter()
                    .map(|case| Case {
                        name: camel(&case.name),
                        docs: names.in_rust(&case.docs),
                        payload: case.ty.as_ref().map(|ty| rust_type(resolve, ty)),
                    })
                    .collect(),
            ),
            kind => panic!("no Rust form is defined for {}", kind.as_str()),
        };
        Some(Self {
            name: camel(ty.name.as_ref().unwrap()),
            docs: names.in_rust(&ty.docs),
            shape,
        })
    }
}

/// The contract's names, which the documentation quotes.
struct Names {
    /// Types and cases.
    camel: BTreeSet<String>,
    /// Fields. They win over other items with the same name.
    fields: BTreeSet<String>,
}

impl Names {
    fn of(resolve: &Resolve) -> Self {
        let (mut camel, mut fields) = (BTreeSet::new(), BTreeSet::new());
        for (_, ty) in resolve.types.iter() {
            if !matches!(ty.owner, TypeOwner::Interface(_)) {
                continue;
            }
            camel.extend(ty.name.clone());
            match &ty.kind {
                TypeDefKind::Record(record) => {
                    fields.extend(record.fields.iter().map(|field| field.name.clone()))
                }
                TypeDefKind::Enum(cases) => {
                    camel.extend(cases.cases.iter().map(|case| case.name.clone()))
                }
                TypeDefKind::Variant(cases) => {
                    camel.extend(cases.cases.iter().map(|case| case.name.clone()))
                }
                _ => {}
            }
        }
        Self { camel, fields }
    }

    /// Converts quoted names of several words in the documentation to their form in Rust.
    fn in_rust(&self, docs: &wit_parser::Docs) -> String {
        let text = docs.contents.as_deref().unwrap_or_default();
        let parts = text.split('`').enumerate().map(|(number, part)| {
            let kebab = part.contains('-')
                && part
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || "-.".contains(c));
            if number % 2 == 0 || !kebab {
                return part.to_owned();
            }
            let names = part.split('.').map(|name| {
                match self.camel.contains(name) && !self.fields.contains(name) {
                    true => camel(name),
                    false => snake(name),
                }
            });
            names.collect::<Vec<_>>().join(".")
        });
        parts.collect::<Vec<_>>().join("`").trim_end().to_owned()
    }
}

/// Converts a name to the form of functions and fields.
fn snake(name: &str) -> String {
    name.replace('-', "_")
}

/// Converts a name to the form of types.
pub(crate) fn camel(name: &str) -> String {
    let capitalized = |word: &str| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    };
    name.split(['-', '_']).map(capitalized).collect()
}

/// Returns the names in a type.
pub(crate) fn words(ty: &str) -> impl Iterator<Item = &str> {
    ty.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

fn output(resolve: &Resolve, ty: &Type) -> String {
    if let Type::Id(id) = ty
        && let TypeDefKind::Result(result) = &resolve.types[*id].kind
        && result
            .err
            .is_some_and(|error| rust_type(resolve, &error) == "StorageError")
    {
        return result
            .ok
            .map_or_else(|| "()".to_owned(), |ok| rust_type(resolve, &ok));
    }
    panic!("a function must return `result<…, storage-error>`")
}

fn rust_type(resolve: &Resolve, ty: &Type) -> String {
    let id = match ty {
        Type::Bool => return "bool".to_owned(),
        Type::U64 => return "u64".to_owned(),
        Type::String => return "String".to_owned(),
        Type::Id(id) => *id,
        ty => panic!("no Rust form is defined for {ty:?}"),
    };
    let defined = &resolve.types[id];
    let name = defined.name.as_deref().unwrap_or_default();
    match &defined.kind {
        TypeDefKind::Option(inner) => format!("Option<{}>", rust_type(resolve, inner)),
        TypeDefKind::List(inner) => format!("Vec<{}>", rust_type(resolve, inner)),
        TypeDefKind::Type(other @ Type::Id(_)) => rust_type(resolve, other),
        TypeDefKind::Type(_) => {
            let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
            let (_, rust) = alias.unwrap_or_else(|| panic!("{name} is missing in ALIASES"));
            (*rust).to_owned()
        }
        _ => camel(name),
    }
}

fn is_digest(resolve: &Resolve, ty: &Type) -> bool {
    let Type::Id(id) = ty else { return false };
    let defined = &resolve.types[*id];
    match &defined.kind {
        TypeDefKind::Option(inner) | TypeDefKind::Type(inner @ Type::Id(_)) => {
            is_digest(resolve, inner)
        }
        _ => defined.name.as_deref() == Some("digest"),
    }
}

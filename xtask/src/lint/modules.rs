//! The modules of a crate: the items, imports and names of each.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{Token, after_group, tokens};

/// The modules of a crate; the first is its root.
#[derive(Default)]
pub(crate) struct Modules(pub(crate) Vec<Module>);

/// A module, in its own file or inline.
#[derive(Default)]
pub(crate) struct Module {
    /// The path of its file.
    pub(crate) file: String,
    /// Its parent module.
    pub(crate) parent: Option<usize>,
    /// Its child modules.
    pub(crate) children: BTreeMap<String, usize>,
    /// Names of its other items.
    pub(crate) items: BTreeSet<String>,
    /// Its imports and re-exports.
    pub(crate) imports: Vec<Import>,
    /// Paths of two segments or more in its code.
    pub(crate) paths: Vec<(Vec<String>, usize)>,
    /// Single names that may refer to an import, with the first line of each.
    pub(crate) names: BTreeMap<String, usize>,
    /// Single names of values, until the variables among them are known.
    values: BTreeMap<String, usize>,
    /// Names of variables and fields.
    variables: BTreeSet<String>,
}

/// A name that a `use` imports.
pub(crate) struct Import {
    /// The path that it stands for.
    pub(crate) path: Vec<String>,
    /// The local name; `None` for `*`.
    pub(crate) name: Option<String>,
    /// Its line.
    pub(crate) line: usize,
    /// Whether it is re-exported: `pub use`.
    pub(crate) exported: bool,
}

/// Keywords before an item's name.
const ITEMS: [&str; 8] = [
    "struct", "enum", "union", "type", "fn", "trait", "const", "static",
];
/// Keywords that begin an item.
const BEGINNINGS: [&str; 17] = [
    "struct",
    "enum",
    "union",
    "type",
    "fn",
    "trait",
    "const",
    "static",
    "impl",
    "mod",
    "unsafe",
    "async",
    "extern",
    "use",
    "macro_rules",
    "let",
    "pub",
];

impl Modules {
    /// Reads a crate, starting from its root. `read` returns the text of a file, or `None` if there is no such file.
    pub(crate) fn of(root: &str, read: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut modules = Self::default();
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
        if let Some(code) = read(root) {
            let module = modules.add(root, None);
            Reader {
                modules: &mut modules,
                read,
                module,
                folder,
            }
            .read_code(&tokens(&code));
        }
        modules
    }

    fn add(&mut self, file: &str, parent: Option<usize>) -> usize {
        self.0.push(Module {
            file: file.to_owned(),
            parent,
            ..Module::default()
        });
        self.0.len() - 1
    }
}

/// Reads the code of a module.
struct Reader<'a> {
    modules: &'a mut Modules,
    read: &'a dyn Fn(&str) -> Option<String>,
    module: usize,
    /// The folder of its children's files.
    folder: &'a str,
}

impl Reader<'_> {
    fn module(&mut self) -> &mut Module {
        &mut self.modules.0[self.module]
    }

    /// Reads attributes and the items that they belong to. Skips code only for tests, except for modules in their own
    /// files.
    fn read_code(&mut self, code: &[Token<'_>]) {
        let (mut at, mut depth, mut for_tests, mut exported) = (0, 0_usize, false, false);
        while let Some(token) = code.get(at) {
            let here = at;
            let text = |offset: usize| code.get(here + offset).map_or("", |token| token.text);
            match token.text {
                "#" if text(1) == "[" => {
                    let end = after_group(code, at + 1);
                    for_tests |= is_for_tests(&code[at + 2..end]);
                    self.read_names(&code[at + 2..end]);
                    at = end;
                    continue;
                }
                "pub" => {
                    exported = true;
                    at += 1;
                    if text(1) == "(" && matches!(text(2), "crate" | "super" | "self" | "in") {
                        at = after_group(code, at);
                    }
                    continue;
                }
                "mod" if text(2) == ";" => self.read_file(text(1)),
                _ if for_tests => {
                    at = after_item(code, at);
                    (for_tests, exported) = (false, false);
                    continue;
                }
                "mod" if text(2) == "{" => {
                    let end = after_group(code, at + 2);
                    self.read_inline(text(1), &code[at + 3..end - 1]);
                    at = end;
                    exported = false;
                    continue;
                }
                "use" if begins_statement(code, at) => {
                    let length = code[at..]
                        .iter()
                        .take_while(|token| token.text != ";")
                        .count();
                    self.read_use(&code[at + 1..at + length], &[], exported);
                    at += length;
                    exported = false;
                    continue;
                }
                "macro_rules" if text(1) == "!" => {
                    let name = text(2).to_owned();
                    self.module().items.insert(name);
                }
                keyword if depth == 0 && ITEMS.contains(&keyword) => {
                    let name = text(1).to_owned();
                    self.module().items.insert(name);
                }
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            (for_tests, exported) = (false, false);
            at = self.read_path(code, at);
        }
        let module = self.module();
        for (name, line) in std::mem::take(&mut module.values) {
            if !module.variables.contains(&name) {
                module.names.entry(name).or_insert(line);
            }
        }
    }

    fn read_names(&mut self, code: &[Token<'_>]) {
        let mut at = 0;
        while at < code.len() {
            at = self.read_path(code, at);
        }
    }

    /// Reads a path or a single token. Returns the position after it.
    fn read_path(&mut self, code: &[Token<'_>], start: usize) -> usize {
        let first = code[start];
        if !first.is_word {
            return start + 1;
        }
        let (mut path, mut at) = (vec![first.text.to_owned()], start + 1);
        while let [separator, next, ..] = &code[at..]
            && separator.text == "::"
            && next.is_word
        {
            path.push(next.text.to_owned());
            at += 2;
        }
        let before = start.checked_sub(1).map_or("", |at| code[at].text);
        let after = code.get(at).map_or("", |token| token.text);
        if before == "::" {
            // The end of a path that begins with a type in brackets, or of a path into another crate.
        } else if path.len() > 1 {
            self.module().paths.push((path, first.line));
        } else {
            self.read_name(before, first, after);
        }
        at
    }

    /// Reads a single name.
    fn read_name(&mut self, before: &str, name: Token<'_>, after: &str) {
        let is_type = name.text.starts_with(char::is_uppercase);
        let is_call = matches!(after, "(" | "!");
        let is_defined = ITEMS.contains(&before) || matches!(before, "mod" | "macro_rules");
        let is_variable = matches!(before, "let" | "mut" | "ref" | "for" | "|") || after == ":";
        let module = self.module();
        let names = match () {
            () if is_defined || before == "." => return,
            () if is_type || is_call => &mut module.names,
            () if is_variable => {
                module.variables.insert(name.text.to_owned());
                return;
            }
            () => &mut module.values,
        };
        names.entry(name.text.to_owned()).or_insert(name.line);
    }

    /// Reads `mod name;`.
    fn read_file(&mut self, name: &str) {
        let folder = match self.folder {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        };
        let files = [format!("{folder}.rs"), format!("{folder}/mod.rs")];
        let found = files
            .iter()
            .find_map(|file| Some((file, (self.read)(file)?)));
        let Some((file, code)) = found else { return };
        let module = self.modules.add(file, Some(self.module));
        self.module().children.insert(name.to_owned(), module);
        self.child(module, &folder).read_code(&tokens(&code));
    }

    /// Reads `mod name { … }`.
    fn read_inline(&mut self, name: &str, code: &[Token<'_>]) {
        let file = self.module().file.clone();
        let folder = format!("{}/{name}", self.folder);
        let module = self.modules.add(&file, Some(self.module));
        self.module().children.insert(name.to_owned(), module);
        self.child(module, &folder).read_code(code);
    }

    fn child<'a>(&'a mut self, module: usize, folder: &'a str) -> Reader<'a> {
        Reader {
            modules: self.modules,
            read: self.read,
            module,
            folder,
        }
    }

    /// Reads the tree of a `use`.
    fn read_use(&mut self, tree: &[Token<'_>], prefix: &[String], exported: bool) {
        let (mut start, mut at) = (0, 0);
        while at <= tree.len() {
            match tree.get(at).map(|token| token.text) {
                Some("{") => {
                    at = after_group(tree, at);
                    continue;
                }
                None | Some(",") => {
                    self.read_import(&tree[start..at], prefix, exported);
                    start = at + 1;
                }
                Some(_) => {}
            }
            at += 1;
        }
    }

    fn read_import(&mut self, tree: &[Token<'_>], prefix: &[String], exported: bool) {
        let Some(line) = tree.first().map(|token| token.line) else {
            return;
        };
        let (mut path, mut name) = (prefix.to_vec(), None);
        for (at, token) in tree.iter().enumerate() {
            match token.text {
                "::" => {}
                "{" => return self.read_use(&tree[at + 1..tree.len() - 1], &path, exported),
                "*" => {
                    self.module().imports.push(Import {
                        path,
                        name: None,
                        line,
                        exported,
                    });
                    return;
                }
                "as" => {
                    name = tree.get(at + 1).map(|token| token.text.to_owned());
                    break;
                }
                "self" if !path.is_empty() => {}
                segment => path.push(segment.to_owned()),
            }
        }
        let name = name.or_else(|| path.last().cloned());
        self.module().imports.push(Import {
            path,
            name,
            line,
            exported,
        });
    }
}

/// Returns whether an attribute restricts code to tests.
fn is_for_tests(attribute: &[Token<'_>]) -> bool {
    let has = |word| attribute.iter().any(|token| token.text == word);
    attribute.first().is_some_and(|token| token.text == "cfg")
        && has("test")
        && !has("not")
        && !has("any")
}

/// Returns whether a `use` begins a statement, and is not a name or `use<…>` in a type.
fn begins_statement(code: &[Token<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).map_or(";", |at| code[at].text);
    matches!(before, ";" | "{" | "}" | "]" | ")" | "pub")
}

/// Returns the position after an item, a statement, a field or a variant.
fn after_item(code: &[Token<'_>], start: usize) -> usize {
    let text = |at: usize| code.get(at).map_or("", |token| token.text);
    let is_item = BEGINNINGS.contains(&text(start));
    let ends_with_semicolon = matches!(text(start), "use" | "static" | "type" | "let")
        || (text(start) == "const" && !matches!(text(start + 1), "fn" | "unsafe" | "async"));
    let mut at = start;
    loop {
        match text(at) {
            ";" => return at + 1,
            "," if !is_item => return at + 1,
            "" | ")" | "]" | "}" => return at,
            bracket @ ("(" | "[" | "{") => {
                at = after_group(code, at);
                if bracket == "{" && !ends_with_semicolon {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
}

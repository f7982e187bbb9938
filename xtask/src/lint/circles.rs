//! Finds circular references between files, direct or through other files.
//!
//! A file refers to another by a path, in a `use` or in the code. A path is followed to the file that defines the item,
//! not to one that re-exports it. `mod name;` and a `pub use` of items that the file itself does not use are no
//! references, so that a parent can declare and re-export its children, and they can use its items. Comments, strings
//! and code only for unit tests don't count. Method calls are not seen, because they need types.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::modules::{Import, Modules};

/// Files that refer to each other, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Circle {
    /// The files.
    pub(crate) files: Vec<String>,
    /// The references among them: the line and the path of each.
    pub(crate) report: String,
}

/// References from one file to another: the line and the path of each.
type References = BTreeMap<(String, String), Vec<(usize, String)>>;

/// Returns the circles of a crate.
pub(crate) fn circles(root: &str, read: &dyn Fn(&str) -> Option<String>) -> Vec<Circle> {
    let references = references(&Modules::of(root, read));
    components(&references)
        .into_iter()
        .map(|files| {
            let mut report = String::new();
            let inside = |file: &String| files.contains(file);
            for ((from, to), paths) in references
                .iter()
                .filter(|((from, to), _)| inside(from) && inside(to))
            {
                let Some((line, path)) = paths.iter().min() else {
                    continue;
                };
                let more = match paths.len() {
                    1 => String::new(),
                    count => format!(", and {} more", count - 1),
                };
                let _ = writeln!(report, "  {from}:{line} -> {to} ({path}{more})");
            }
            Circle { files, report }
        })
        .collect()
}

/// The target of a path.
#[derive(Clone, Copy)]
enum Target {
    /// A module itself.
    Module(usize),
    /// An item that a module defines.
    Item(usize),
    /// An item of another crate.
    Elsewhere,
}

/// Names that are being looked up, so that circular imports terminate.
type Asked<'a> = Vec<(usize, &'a str)>;

impl Modules {
    fn resolve<'a>(
        &'a self,
        from: usize,
        path: &'a [String],
        asked: &mut Asked<'a>,
    ) -> Option<Target> {
        let mut at = from;
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                at = 0;
                rest = &path[1..];
            }
            "self" => rest = &path[1..],
            "super" => {
                while let [first, after @ ..] = rest
                    && first == "super"
                {
                    at = self.0[at].parent?;
                    rest = after;
                }
            }
            first => match self.look_up(at, first, asked)? {
                Target::Module(module) => {
                    at = module;
                    rest = &path[1..];
                }
                found => return Some(found),
            },
        }
        for segment in rest {
            match self.look_up(at, segment, asked) {
                Some(Target::Module(module)) => at = module,
                Some(found) => return Some(found),
                // An item that a macro of the module generated.
                None => return Some(Target::Item(at)),
            }
        }
        Some(Target::Module(at))
    }

    fn look_up<'a>(&'a self, at: usize, name: &'a str, asked: &mut Asked<'a>) -> Option<Target> {
        if asked.contains(&(at, name)) {
            return None;
        }
        asked.push((at, name));
        let module = &self.0[at];
        let named = |import: &&Import| import.name.as_deref() == Some(name);
        let found = if let Some(child) = module.children.get(name) {
            Some(Target::Module(*child))
        } else if module.items.contains(name) {
            Some(Target::Item(at))
        } else if let Some(import) = module.imports.iter().find(named) {
            Some(
                self.resolve(at, &import.path, asked)
                    .unwrap_or(Target::Elsewhere),
            )
        } else {
            let globs = module.imports.iter().filter(|import| import.name.is_none());
            globs
                .into_iter()
                .find_map(|glob| match self.resolve(at, &glob.path, asked)? {
                    Target::Module(module) => self.look_up(module, name, asked),
                    Target::Item(_) | Target::Elsewhere => None,
                })
        };
        asked.pop();
        found
    }
}

fn references(modules: &Modules) -> References {
    let mut references = References::new();
    let mut add = |from: usize, target: Option<Target>, line: usize, path: String| {
        if let Some(Target::Item(to)) = target {
            let files = (modules.0[from].file.clone(), modules.0[to].file.clone());
            if files.0 != files.1 {
                references.entry(files).or_default().push((line, path));
            }
        }
    };
    for (at, module) in modules.0.iter().enumerate() {
        for (path, line) in &module.paths {
            add(
                at,
                modules.resolve(at, path, &mut Asked::new()),
                *line,
                path.join("::"),
            );
        }
        for import in &module.imports {
            let path = import.path.join("::");
            let Some(name) = &import.name else {
                let target = modules.resolve(at, &import.path, &mut Asked::new());
                if let Some(Target::Module(from)) = target {
                    for (name, line) in names_of_glob(modules, at) {
                        let target = modules.look_up(from, name, &mut vec![(at, name)]);
                        add(at, target, line, format!("{path}::{name}"));
                    }
                }
                continue;
            };
            let line = if import.exported {
                module.names.get(name)
            } else {
                Some(&import.line)
            };
            if let Some(line) = line {
                let target = modules.resolve(at, &import.path, &mut Asked::new());
                add(at, target, *line, path);
            }
        }
    }
    references
}

/// Returns the names in a module's code that only a `use …::*` can have imported.
fn names_of_glob(modules: &Modules, at: usize) -> impl Iterator<Item = (&str, usize)> {
    let module = &modules.0[at];
    let imported = |name: &str| {
        module
            .imports
            .iter()
            .any(|import| import.name.as_deref() == Some(name))
    };
    let names = module
        .names
        .iter()
        .map(|(name, line)| (name.as_str(), *line));
    names.filter(move |(name, _)| {
        !module.items.contains(*name) && !module.children.contains_key(*name) && !imported(name)
    })
}

/// Returns the sets of two or more files that all reach each other. Each set and the list are sorted.
fn components(references: &References) -> Vec<Vec<String>> {
    let mut reached: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in references.keys() {
        reached.entry(from).or_default().push(to);
    }
    let reach = |start: &str| {
        let mut found: Vec<&str> = Vec::new();
        let mut left: Vec<&str> = reached.get(start).cloned().unwrap_or_default();
        while let Some(file) = left.pop() {
            if !found.contains(&file) {
                found.push(file);
                left.extend(reached.get(file).into_iter().flatten());
            }
        }
        found
    };
    let all: BTreeMap<&str, Vec<&str>> = reached.keys().map(|file| (*file, reach(file))).collect();
    let mut components = Vec::new();
    for (file, found) in &all {
        let mut circle: Vec<_> = found
            .iter()
            .filter(|other| all.get(**other).is_some_and(|back| back.contains(file)))
            .map(|other| (*other).to_owned())
            .collect();
        circle.sort();
        if circle.len() > 1 && !components.contains(&circle) {
            components.push(circle);
        }
    }
    components
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the circles of a crate with the root `lib.rs`.
    fn of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let read = |path: &str| {
            let file = files.iter().find(|(name, _)| *name == path);
            file.map(|(_, code)| (*code).to_owned())
        };
        circles("lib.rs", &read)
            .into_iter()
            .map(|circle| circle.files)
            .collect()
    }

    const NONE: [[&str; 0]; 0] = [];

    #[test]
    fn two_files_that_use_each_other_are_a_circle() {
        let found = of(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::B; pub struct A(B);"),
            ("b.rs", "pub struct B; fn f() { super::a::A::new() }"),
        ]);
        assert_eq!(found, [["a.rs", "b.rs"]]);
    }

    #[test]
    fn three_files_in_a_ring_are_a_circle() {
        let found = of(&[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b; pub struct A; fn f() { b::g(); }"),
            ("b.rs", "use crate::c::{self, C}; pub fn g() {}"),
            ("c.rs", "pub struct C(crate::a::A);"),
        ]);
        assert_eq!(found, [["a.rs", "b.rs", "c.rs"]]);
    }

    #[test]
    fn files_that_use_those_below_them_are_none() {
        let found = of(&[
            ("lib.rs", "mod a; mod b; mod c; use a::A;"),
            ("a.rs", "use crate::{b::B, c::C}; pub struct A;"),
            (
                "b.rs",
                "use super::c::C; pub struct B; // crate::a::A\nconst X: &str = \"crate::a::A\";",
            ),
            ("c.rs", "use std::fmt; pub struct C;"),
        ]);
        assert_eq!(found, NONE);
    }

    #[test]
    fn a_parent_may_declare_and_export_its_children() {
        let found = of(&[
            ("lib.rs", "pub mod a;"),
            (
                "a/mod.rs",
                "mod b; mod c; pub use b::B; pub(crate) use self::c::C; pub struct A;",
            ),
            ("a/b.rs", "use super::{A, C}; pub struct B;"),
            ("a/c.rs", "pub(crate) struct C;"),
        ]);
        assert_eq!(found, NONE);
    }

    #[test]
    fn a_parent_that_uses_what_it_exports_is_in_a_circle() {
        let found = of(&[
            ("lib.rs", "mod a; pub use a::A; pub struct Root(A);"),
            ("a.rs", "use crate::Root; pub struct A;"),
        ]);
        assert_eq!(found, [["a.rs", "lib.rs"]]);
    }

    #[test]
    fn an_export_is_followed_to_the_definition() {
        let found = of(&[
            ("lib.rs", "mod a; mod b;"),
            (
                "a/mod.rs",
                "mod deep; pub use deep::*; use crate::b::B; pub fn f(_: B) {}",
            ),
            ("a/deep.rs", "pub struct Deep;"),
            ("b.rs", "use crate::a::Deep; pub struct B(Deep);"),
        ]);
        assert_eq!(found, NONE);
    }

    #[test]
    fn names_from_a_star_count() {
        let found = of(&[
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "use crate::b::*; pub struct A; fn f() { [1].map(help) }",
            ),
            ("b.rs", "pub fn help() { crate::a::A; }"),
        ]);
        assert_eq!(found, [["a.rs", "b.rs"]]);
    }

    #[test]
    fn a_variable_is_no_name_from_a_star() {
        let found = of(&[
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "use crate::b::*; pub struct A; fn f(key: u8) { let held = key; drop(&held) }",
            ),
            ("b.rs", "pub fn key() { crate::a::A; } pub fn held() {}"),
        ]);
        assert_eq!(found, NONE);
    }

    #[test]
    fn unit_tests_are_no_references() {
        let found = of(&[
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "pub struct A; #[cfg(test)] mod tests { use crate::b::B; }",
            ),
            (
                "b.rs",
                "use crate::a::A; pub struct B; #[cfg(test)] use crate::a::*; #[cfg(test)] fn f() {} fn g() {}",
            ),
        ]);
        assert_eq!(found, NONE);
    }

    #[test]
    fn code_after_what_is_for_tests_counts() {
        let found = of(&[
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "#[cfg(test)] const X: u8 = { 1 }; #[cfg(test)] mod fake; pub struct A(crate::b::B);",
            ),
            (
                "b.rs",
                "pub struct B { #[cfg(test)] x: Vec<u8>, a: crate::a::A }",
            ),
        ]);
        assert_eq!(found, [["a.rs", "b.rs"]]);
    }

    #[test]
    fn the_report_names_the_line_of_each_reference() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "\nuse crate::b::B;\nuse crate::b::C;\npub struct A;",
            ),
            ("b.rs", "pub struct B;\npub struct C(crate::a::A);"),
        ];
        let read = |path: &str| {
            files
                .iter()
                .find(|(name, _)| *name == path)
                .map(|(_, code)| (*code).to_owned())
        };
        let report = &circles("lib.rs", &read)[0].report;
        assert_eq!(
            report,
            "  a.rs:2 -> b.rs (crate::b::B, and 1 more)\n  b.rs:2 -> a.rs (crate::a::A)\n"
        );
    }
}

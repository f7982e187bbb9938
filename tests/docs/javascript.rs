//! Pieces of JavaScript that are no complete modules: their syntax, and the names that they import from the npm package.

use std::path::Path;
use std::process::Command;

use crate::page::Page;
use crate::run::place_package;

/// Returns what is wrong with the pieces of JavaScript in these pages.
pub(crate) fn wrong(pages: &[Page]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    place_package(folder.path());
    let mut findings = Vec::new();
    for page in pages {
        for block in &page.blocks {
            if block.language != "js" || block.runs() || block.source.is_some() {
                continue;
            }
            let imports = imports(&block.lines);
            let checks: [(&[&str], _); 2] = [(&["--check"], block.text()), (&[], imports)];
            let mut checks = checks.iter();
            if let Some(error) =
                checks.find_map(|(arguments, code)| node(folder.path(), arguments, code))
            {
                findings.push(format!("{}:{}: {error}", page.path, block.first));
            }
        }
    }
    findings
}

/// Runs or checks a module. Returns the error.
fn node(folder: &Path, arguments: &[&str], code: &str) -> Option<String> {
    let file = folder.join("piece.mjs");
    std::fs::write(&file, code).unwrap();
    let mut node = Command::new("node");
    let done = node.args(arguments).arg(file).output().unwrap();
    (!done.status.success()).then(|| String::from_utf8_lossy(&done.stderr).into_owned())
}

/// Returns the statements that import from the package.
fn imports(lines: &[String]) -> String {
    let text = lines.join("\n");
    let statements = text.split_inclusive(';').map(str::trim);
    let of_package = statements.filter(|statement| {
        statement.starts_with("import ") && statement.contains("\"@gatewright/verify")
    });
    of_package.collect::<Vec<_>>().join("\n")
}

#[test]
fn faults_in_pieces_are_found() {
    let of = |code: &str| {
        let text = format!("```js no-run\n{code}\n```\n");
        wrong(&[Page::of("x.md", text)]).len()
    };
    assert_eq!(
        of("import { can } from \"@gatewright/verify\";\nimport x from \"x\";\ncan(app);"),
        0
    );
    assert_eq!(of("import { cannot } from \"@gatewright/verify\";"), 1);
    assert_eq!(of("const = 1;"), 1);
}

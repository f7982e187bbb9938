//! The marks of blocks: each block of a page is run, is shown to come from a file, or says that it can't run here.

use gatewright_tests::repository;

use crate::answer;
use crate::page::{Block, Page};
use crate::script::is_assignment;

/// Programs that a test can't run: they need an account, a cluster or another machine, or build for minutes.
const UNAVAILABLE: [&str; 33] = [
    "apt",
    "apt-get",
    "brew",
    "bun",
    "caddy",
    "cargo",
    "certbot",
    "createdb",
    "deno",
    "docker",
    "firebase",
    "git",
    "helm",
    "journalctl",
    "kubectl",
    "litestream",
    "mysqldump",
    "nginx",
    "npm",
    "npx",
    "pg_dump",
    "pg_restore",
    "pip",
    "podman",
    "psql",
    "rsync",
    "rustup",
    "scp",
    "spin",
    "ssh",
    "sudo",
    "supabase",
    "systemctl",
];
/// Names of hosts that readers replace with their own.
const EXAMPLES: [&str; 2] = ["example.com", "YOUR-"];
/// Languages whose blocks compile or run elsewhere in the repository, or say that they don't.
const PROGRAMS: [&str; 4] = ["ts", "rust", "python", "wit"];

/// Returns what is wrong with a page's marks.
pub(crate) fn wrong(page: &Page) -> Vec<String> {
    let fault = |block: &Block| {
        let fault = fault(page, block)?;
        Some(format!("{}:{}: {fault}", page.path, block.first))
    };
    page.blocks.iter().filter_map(fault).collect()
}

/// Returns the blocks with commands that the tests don't run, by their places.
pub(crate) fn not_run(page: &Page) -> Vec<String> {
    let blocks = page
        .blocks
        .iter()
        .filter(|block| block.language == "sh" && !block.runs());
    let shown = blocks.map(|block| {
        let command = block.lines.first().map_or("", |line| line);
        format!(
            "{}:{}: {} ({command} …)",
            page.path, block.first, block.mark
        )
    });
    shown.collect()
}

fn fault(page: &Page, block: &Block) -> Option<String> {
    if let Some(source) = &block.source {
        return unlike_source(block, source);
    }
    match (&*block.language, &*block.mark) {
        ("", _) => Some("the block needs a language; `text` if it has none".to_owned()),
        ("sh", "no-run") => {
            let mut programs = block.lines.iter().flat_map(|line| programs(line));
            let excused = programs.any(|program| UNAVAILABLE.contains(&program));
            (!excused).then(|| "every command of the block can run here".to_owned())
        }
        ("sh", "elsewhere") => {
            let names_example = |line: &String| EXAMPLES.iter().any(|name| line.contains(name));
            let excused = block.lines.iter().any(names_example);
            (!excused).then(|| format!("the block names no host with one of {EXAMPLES:?}"))
        }
        ("js", "no-run") => None,
        ("sh" | "js", mark) if !mark.is_empty() => Some(format!("unknown mark: {mark}")),
        ("json", _) if page.shows_output_of(block).is_none() => answer::parse(&block.text()).err(),
        (language, mark) if PROGRAMS.contains(&language) && mark != "no-run" => {
            Some("a line `<!-- from: FILE -->` before the block has to name its source, or `no-run` marks it".to_owned())
        }
        _ => None,
    }
}

/// Returns the names of the programs in a line of a script.
fn programs(line: &str) -> impl Iterator<Item = &str> {
    let commands = line.split(['|', ';', '&', '(']);
    commands.filter_map(|command| {
        let mut words = command.split_whitespace();
        words.find(|word| !is_assignment(word))
    })
}

/// Says where a block differs from the file that it quotes.
fn unlike_source(block: &Block, source: &str) -> Option<String> {
    let Ok(text) = std::fs::read_to_string(repository::root().join(source)) else {
        return Some(format!("{source} can't be read"));
    };
    let mut rest: Vec<&str> = text.lines().map(str::trim).collect();
    let mut skips = true;
    for line in block.lines.iter().map(|line| line.trim()) {
        if line.trim_start_matches(['/', '#', ' ']) == "…" {
            skips = true;
            continue;
        }
        let found = rest.iter().position(|found| *found == line);
        let Some(found) = found.filter(|found| skips || *found == 0) else {
            return Some(format!("{source} lacks this line in this place: {line}"));
        };
        rest.drain(..=found);
        skips = false;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        wrong(&Page::of("x.md", text.to_owned()))
    }

    #[test]
    fn what_can_run_has_to_run() {
        assert_eq!(
            of("```sh no-run\nA=1 npx wrangler login\n```\n```sh\ncurl\n```\n").len(),
            0
        );
        assert_eq!(
            of("```sh no-run\ncurl http://localhost:8080 # npx\n```\n").len(),
            1
        );
        assert_eq!(
            of("```sh elsewhere\ncurl https://auth.example.com\n```\n").len(),
            0
        );
        assert_eq!(
            of("```sh elsewhere\ncurl http://localhost:8080\n```\n").len(),
            1
        );
        assert_eq!(
            of("```sh norun\n```\n```\n```\n```rust\n```\n```js nrun\n```\n").len(),
            4
        );
    }

    #[test]
    fn quoted_lines_have_to_be_in_the_file() {
        let quote = |lines: &str| {
            of(&format!(
                "<!-- from: tests/docs/marks.rs -->\n```rust\n{lines}\n```\n"
            ))
        };
        assert_eq!(
            quote("#[cfg(test)]\nmod tests {\n// …\nfn of(text: &str) -> Vec<String> {").len(),
            0
        );
        assert_eq!(
            quote("#[cfg(test)]\nfn of(text: &str) -> Vec<String> {").len(),
            1
        );
        assert_eq!(of("<!-- from: missing.rs -->\n```rust\n```\n").len(), 1);
    }

    #[test]
    fn json_that_is_no_answer_is_json() {
        assert_eq!(of("```json\n{\"a\": …}\n```\n").len(), 0);
        assert_eq!(of("```json\n{\"a\": b}\n```\n").len(), 1);
    }
}

//! Pages of the documentation, and the blocks of code in them.

use gatewright_tests::repository;

/// A page.
pub(crate) struct Page {
    /// The path from the root of the repository.
    pub(crate) path: String,
    /// The text.
    pub(crate) text: String,
    /// The fenced blocks and hidden commands, in order.
    pub(crate) blocks: Vec<Block>,
}

/// A block of code, or commands in a comment that only the test sees.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// The number of the line that opens the block.
    pub(crate) first: usize,
    /// The number of the line that closes it.
    pub(crate) last: usize,
    /// The language.
    pub(crate) language: String,
    /// The word after the language.
    pub(crate) mark: String,
    /// The lines between, without the indentation of the fence.
    pub(crate) lines: Vec<String>,
    /// The file that the block quotes.
    pub(crate) source: Option<String>,
    /// The first line of the block directly before, if only blank lines are between.
    pub(crate) follows: Option<usize>,
}

/// The language of commands in a comment.
const HIDDEN: &str = "hidden";

impl Block {
    /// Returns whether the block is run by the test.
    pub(crate) fn runs(&self) -> bool {
        let runs = matches!(&*self.language, "sh" | "js" | HIDDEN);
        runs && self.mark.is_empty() && self.source.is_none()
    }

    /// Returns whether the reader doesn't see the block.
    pub(crate) fn is_hidden(&self) -> bool {
        self.language == HIDDEN
    }

    /// Returns the lines as one text.
    pub(crate) fn text(&self) -> String {
        self.lines.join("\n")
    }
}

impl Page {
    /// Reads a file of the repository.
    pub(crate) fn read(path: &str) -> Self {
        let text = std::fs::read_to_string(repository::root().join(path)).unwrap();
        Self::of(path, text)
    }

    /// Reads the text of a page.
    pub(crate) fn of(path: &str, text: String) -> Self {
        Self {
            blocks: blocks(&text),
            path: path.to_owned(),
            text,
        }
    }

    /// Returns the block whose output this one shows.
    pub(crate) fn shows_output_of(&self, block: &Block) -> Option<&Block> {
        let is_answer = matches!(&*block.language, "json" | "text") && block.source.is_none();
        let first = block.follows.filter(|_| is_answer)?;
        let before = self.blocks.iter().find(|block| block.first == first)?;
        (before.runs() && !before.is_hidden()).then_some(before)
    }

    /// Returns the text without its blocks, with all lines in their places.
    pub(crate) fn prose(&self) -> String {
        let mut lines: Vec<_> = self.text.lines().collect();
        for block in &self.blocks {
            lines[block.first - 1..block.last].fill("");
        }
        lines.join("\n")
    }
}

/// Reads the README and the pages under `docs/`.
pub(crate) fn documentation() -> Vec<Page> {
    let is_page = |path: &String| {
        let in_docs = path.strip_prefix("docs/").unwrap_or("/");
        path == "README.md" || (in_docs.ends_with(".md") && !in_docs.contains('/'))
    };
    let files = repository::files().into_iter().filter(is_page);
    files.map(|path| Page::read(&path)).collect()
}

/// Finds the blocks of a page. A block that nothing closes ends with the page.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<(Block, usize, &str)> = None;
    let mut before = "";
    for (number, line) in (1..).zip(text.lines()) {
        if let Some((mut block, indentation, end)) = open.take() {
            if line.trim() == end {
                block.last = number;
                blocks.push(block);
            } else {
                let blank = line.len() - line.trim_start().len();
                block.lines.push(line[blank.min(indentation)..].to_owned());
                block.last = number;
                open = Some((block, indentation, end));
            }
            before = line.trim();
            continue;
        }
        let Some((language, mark, end)) = opening(line.trim()) else {
            if !line.trim().is_empty() {
                before = line.trim();
            }
            continue;
        };
        let closed = blocks.last().filter(|_| before == "```" || before == "-->");
        let source = before.strip_prefix("<!-- from: ");
        let block = Block {
            first: number,
            last: number,
            language,
            mark,
            lines: Vec::new(),
            source: source.map(|path| path.trim_end_matches("-->").trim().to_owned()),
            follows: closed.map(|block| block.first),
        };
        open = Some((block, line.len() - line.trim_start().len(), end));
    }
    blocks.extend(open.map(|(block, _, _)| block));
    blocks
}

/// Reads the line that opens a block: the language, the word after it, and the line that closes the block.
fn opening(line: &str) -> Option<(String, String, &'static str)> {
    if line == "<!-- run" {
        return Some((HIDDEN.to_owned(), String::new(), "-->"));
    }
    let info = line.strip_prefix("```")?;
    let (language, mark) = info.split_once(' ').unwrap_or((info, ""));
    Some((language.to_owned(), mark.trim().to_owned(), "```"))
}

#[test]
fn blocks_know_their_lines_and_what_they_follow() {
    let text = "# T\n\n```sh no-run\na\n```\n\n<!-- run\nb\n-->\ntext\n<!-- from: x.rs -->\n```rust\n c\n```\n```json\n```\n";
    let blocks = blocks(text);
    let seen = blocks.iter().map(|block| {
        (
            block.first,
            block.last,
            &*block.language,
            &*block.mark,
            block.follows,
            block.source.as_deref(),
        )
    });
    let wanted = [
        (3, 5, "sh", "no-run", None, None),
        (7, 9, HIDDEN, "", Some(3), None),
        (12, 14, "rust", "", None, Some("x.rs")),
        (15, 16, "json", "", Some(12), None),
    ];
    assert_eq!(seen.collect::<Vec<_>>(), wanted);
    assert_eq!(blocks[2].lines, [" c"]);
}

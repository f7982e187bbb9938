//! Pieces of prose, and where they stand.

/// A piece of prose: a paragraph, a comment, a message.
#[derive(Debug, Default)]
pub(crate) struct Passage {
    /// The lines, with a blank between them.
    pub(crate) text: String,
    /// The number of each line, and where in the text it begins.
    lines: Vec<(usize, usize)>,
}

impl Passage {
    /// Makes a passage of one line.
    pub(crate) fn new(line: usize, text: &str) -> Self {
        let mut passage = Self::default();
        passage.push(line, text);
        passage
    }

    /// Appends a line.
    pub(crate) fn push(&mut self, line: usize, text: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.lines.push((line, self.text.len()));
        self.text.push_str(text.trim());
    }

    /// Returns the number of the line that has this byte of the text.
    pub(crate) fn line_at(&self, byte: usize) -> usize {
        let before = self.lines.iter().rev().find(|(_, begin)| *begin <= byte);
        before.map_or(0, |(line, _)| *line)
    }

    fn last_line(&self) -> usize {
        self.lines.last().map_or(0, |(line, _)| *line)
    }
}

/// Collects lines into passages. Lines that follow each other are one passage.
#[derive(Debug, Default)]
pub(crate) struct Passages {
    done: Vec<Passage>,
    open: Passage,
}

impl Passages {
    /// Adds a line, to the passage that ends on the line before if there is one.
    pub(crate) fn push(&mut self, line: usize, text: &str) {
        if self.open.last_line() + 1 < line {
            self.end();
        }
        self.open.push(line, text);
    }

    /// Adds a passage of one line that no other line belongs to.
    pub(crate) fn add(&mut self, line: usize, text: &str) {
        self.insert(Passage::new(line, text));
    }

    /// Adds a passage.
    pub(crate) fn insert(&mut self, passage: Passage) {
        self.done.push(passage);
    }

    /// Ends the passage: the next line begins another.
    pub(crate) fn end(&mut self) {
        if !self.open.text.is_empty() {
            self.done.push(std::mem::take(&mut self.open));
        }
    }

    /// Returns all passages.
    pub(crate) fn finish(mut self) -> Vec<Passage> {
        self.end();
        self.done
    }
}

//! Prose in Markdown, pages and mails.

use crate::passage::{Passage, Passages};

/// Reads Markdown: paragraphs, headings, items of lists and cells of tables, without fenced code and HTML comments.
pub(crate) fn markdown(text: &str) -> Vec<Passage> {
    let mut passages = Passages::default();
    let (mut fenced, mut hidden) = (false, false);
    for (line, content) in numbered(text) {
        let content = content.trim();
        if content.starts_with("<!--") {
            hidden = true;
        }
        if content.starts_with("```") {
            fenced = !fenced;
        }
        if fenced || hidden || content.is_empty() || content.starts_with("```") {
            hidden = hidden && !content.ends_with("-->");
            passages.end();
        } else if content.starts_with('|') {
            content.split('|').for_each(|cell| passages.add(line, cell));
        } else if content.starts_with('#') {
            passages.end();
            passages.add(line, content);
        } else {
            let item = item(content);
            if item != content {
                passages.end();
            }
            passages.push(line, &without_targets(item));
        }
    }
    passages.finish()
}

/// Removes the bullet or number of a list's item.
fn item(content: &str) -> &str {
    let number = content.trim_start_matches(|c: char| c.is_ascii_digit());
    let unnumbered = if number.len() < content.len() {
        number.strip_prefix(". ")
    } else {
        None
    };
    let bullets = ["- ", "* ", "> "];
    let mut unmarked = bullets.iter().filter_map(|mark| content.strip_prefix(mark));
    unnumbered.or_else(|| unmarked.next()).unwrap_or(content)
}

/// Removes the targets of links.
fn without_targets(content: &str) -> String {
    let mut parts = content.split("](");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push(']');
        text.push_str(part.split_once(')').map_or(part, |(_, rest)| rest));
    }
    text
}

/// Reads a template of a page or mail: the text between tags and Jinja's marks, without scripts and styles.
pub(crate) fn template(text: &str) -> Vec<Passage> {
    let mut passages = Passages::default();
    let mut code = false;
    for (line, content) in numbered(text) {
        let begins = ["<script", "<style"]
            .iter()
            .any(|tag| content.contains(tag));
        code |= begins;
        let words = if code {
            String::new()
        } else {
            without_tags(content)
        };
        code &= !["</script", "</style"]
            .iter()
            .any(|tag| content.contains(tag));
        if words.trim().is_empty() {
            passages.end();
        } else {
            passages.push(line, &words);
        }
    }
    passages.finish()
}

/// Removes tags and Jinja's marks from a line.
fn without_tags(content: &str) -> String {
    let mut words = String::new();
    let mut rest = content;
    while let Some(begin) = rest.find(['<', '{']) {
        words.push_str(&rest[..begin]);
        let end = rest[begin..].find(['>', '}']).map(|end| begin + end);
        let Some(end) = end else { return words };
        rest = rest[end + 1..].trim_start_matches('}');
    }
    words + rest
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(passages: &[Passage]) -> Vec<&str> {
        let texts = passages.iter().map(|passage| passage.text.trim());
        texts.filter(|text| !text.is_empty()).collect()
    }

    #[test]
    fn markdown_is_read_without_its_code() {
        let page = "# Title\n\nOne\ntwo [three](he.md).\n\n<!-- run\nhe\n-->\n\n```sh\nhe\n```\n- item\n1. next\n\n| a | b |\n";
        let found = markdown(page);
        let wanted = ["# Title", "One two [three].", "item", "next", "a", "b"];
        let mut found = texts(&found);
        found.sort_unstable();
        let mut wanted = wanted.to_vec();
        wanted.sort_unstable();
        assert_eq!(found, wanted);
    }

    #[test]
    fn templates_are_read_without_tags() {
        let page = "<p class=\"he\">Hello {{ name }},\nwelcome.</p>\n<script>\nhe\n</script>\n";
        assert_eq!(texts(&template(page)), ["Hello , welcome."]);
    }
}

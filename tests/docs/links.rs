//! Links between the Markdown files of the repository.

use std::collections::{BTreeSet, HashMap};

use gatewright_tests::repository;

use crate::page::Page;

/// Returns what is wrong with the links of a page that lead into the repository.
pub(crate) fn broken(page: &Page) -> Vec<String> {
    let mut findings = Vec::new();
    for (line, link) in links(&page.prose()) {
        let Err(fault) = resolve(&page.path, &link) else {
            continue;
        };
        findings.push(format!("{}:{line}: {link}: {fault}", page.path));
    }
    findings
}

/// Returns the files of the repository that a page links to.
pub(crate) fn targets(page: &Page) -> BTreeSet<String> {
    let links = links(&page.prose()).into_iter();
    links
        .filter_map(|(_, link)| resolve(&page.path, &link).ok()?)
        .collect()
}

/// Finds the file that a link leads to, and checks that it has the anchor. Links to other sites lead to none.
fn resolve(from: &str, link: &str) -> Result<Option<String>, &'static str> {
    if link.contains("://") || link.starts_with("mailto:") {
        return Ok(None);
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() {
        Some(from.to_owned())
    } else {
        join(from, path)
    };
    let target = target.ok_or("leads out of the repository")?;
    let full = repository::root().join(&target);
    if !full.exists() {
        return Err("no such file");
    }
    let is_markdown = target.ends_with(".md");
    if is_markdown && !anchor.is_empty() {
        let text = std::fs::read_to_string(full).unwrap();
        let page = Page::of(&target, text);
        if !anchors(&page.prose()).contains(anchor) {
            return Err("no such heading");
        }
    }
    Ok(Some(target))
}

/// Resolves a path from the folder of a file.
fn join(from: &str, path: &str) -> Option<String> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if path.starts_with('/') {
        return None;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Finds the targets of links and images, with the numbers of their lines.
fn links(prose: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(prose.lines()) {
        let line = without_code(line);
        let mut add = |target: &str| {
            let target = target.split_whitespace().next().unwrap_or_default();
            found.push((number, target.trim_matches(['<', '>']).to_owned()));
        };
        for (_, rest) in after(&line, "](") {
            add(rest.split_once(')').map_or(rest, |(target, _)| target));
        }
        for mark in ["href=\"", "src=\""] {
            for (_, rest) in after(&line, mark) {
                add(rest.split_once('"').map_or(rest, |(target, _)| target));
            }
        }
        if let Some((name, target)) = line.trim().split_once("]: ")
            && name.starts_with('[')
        {
            add(target);
        }
    }
    found
}

fn after<'a>(line: &'a str, mark: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let begins = line.match_indices(mark);
    begins.map(move |(byte, _)| (byte, &line[byte + mark.len()..]))
}

/// Removes what stands between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// Returns the anchors of a page: those of its headings as GitHub names them, and identifiers of elements.
fn anchors(prose: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for line in prose.lines() {
        for mark in ["id=\"", "name=\""] {
            let names = after(line, mark);
            anchors.extend(names.filter_map(|(_, rest)| Some(rest.split_once('"')?.0.to_owned())));
        }
        let heading = line.trim_start_matches('#');
        let level = line.len() - heading.len();
        if !(1..=6).contains(&level) || !heading.starts_with(' ') {
            continue;
        }
        let anchor = anchor(heading);
        let times = seen.entry(anchor.clone()).or_default();
        anchors.insert(match *times {
            0 => anchor,
            times => format!("{anchor}-{times}"),
        });
        *times += 1;
    }
    anchors
}

/// Makes the anchor of a heading.
fn anchor(heading: &str) -> String {
    let mut text = String::new();
    let mut rest = heading.trim();
    // The text of a link without its target.
    while let Some((before, link)) = rest.split_once("](") {
        text.push_str(before);
        rest = link.split_once(')').map_or("", |(_, rest)| rest);
    }
    text.push_str(rest);
    let kept = text.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c => c.is_alphanumeric().then_some(c),
    });
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_those_of_github() {
        let page = "# `PROFILE_FIELDS`: what's new?\n## A & B\n## A & B\n### [Link](x.md) – end\n#no heading\n<a id=\"x\"></a>\n";
        let wanted = [
            "a--b",
            "a--b-1",
            "link--end",
            "profile_fields-whats-new",
            "x",
        ];
        assert_eq!(anchors(page).into_iter().collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn links_are_found_outside_code() {
        let page =
            "[a](b.md#c) `[d](e.md)` ![f](g.png \"title\")\n[h]: i.md\n<img src=\"j.svg\">\n";
        let found = links(page)
            .into_iter()
            .map(|(line, link)| format!("{line} {link}"));
        assert_eq!(
            found.collect::<Vec<_>>(),
            ["1 b.md#c", "1 g.png", "2 i.md", "3 j.svg"]
        );
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        assert_eq!(
            resolve("wit/README.md", "../README.md#gatewright"),
            Ok(Some("README.md".into()))
        );
        assert_eq!(resolve("wit/README.md", "https://example.com/x"), Ok(None));
        assert!(resolve("wit/README.md", "missing.md").is_err());
        assert!(resolve("wit/README.md", "../README.md#no-such-heading").is_err());
        assert!(resolve("README.md", "../other").is_err());
    }
}

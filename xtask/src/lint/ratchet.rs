//! Files that break a rule since before there was the rule. The list may get shorter, never longer.

use std::collections::BTreeSet;

/// What is new, and what is listed and mended: an error each.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    /// Breaks the rule and is not listed.
    pub(crate) new: Vec<String>,
    /// Is listed and breaks the rule no longer.
    pub(crate) mended: Vec<String>,
}

/// Compares what breaks a rule now with a list, whose lines are the rule's name and a path.
pub(crate) fn compare(list: &str, rule: &str, found: &BTreeSet<String>) -> Differences {
    let listed: BTreeSet<String> = list
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(name, _)| *name == rule)
        .map(|(_, path)| path.trim().to_owned())
        .collect();
    Differences {
        new: found.difference(&listed).cloned().collect(),
        mended: listed.difference(found).cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_and_what_is_mended_are_errors() {
        let list = "# A comment.\nlong a.rs\nlong b.rs\ncircle c.rs\n";
        let found = BTreeSet::from(["b.rs".to_owned(), "c.rs".to_owned()]);
        let expected = Differences {
            new: vec!["c.rs".to_owned()],
            mended: vec!["a.rs".to_owned()],
        };
        assert_eq!(compare(list, "long", &found), expected);
        assert_eq!(
            compare(list, "circle", &BTreeSet::from(["c.rs".to_owned()])),
            Differences::default()
        );
    }
}

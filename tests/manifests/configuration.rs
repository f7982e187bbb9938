//! `docs/configuration.md`: an introduction, and every setting of the tables.

use std::fmt::Write as _;

use auth_core::config::{Group, HostKind, Setting};
use gatewright::{all_settings, is_pattern};

use crate::spin_default::spin_default;

const HOSTS: [HostKind; 3] = [HostKind::Native, HostKind::Spin, HostKind::Worker];

#[test]
fn the_page_about_configuration_has_every_setting() {
    let path = gatewright_tests::repository::root().join("docs/configuration.md");
    let wanted = page();
    if std::env::var_os("GATEWRIGHT_UPDATE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let current = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        current == wanted,
        "docs/configuration.md is not current: run `cargo xtask generate`"
    );
}

fn page() -> String {
    let introduction = include_str!("introduction.txt");
    let (title, introduction) = introduction.split_once('\n').unwrap();
    let mut page = format!(
        "{title}\n\n<!-- `cargo xtask generate` writes this file from the tables of settings and tests/manifests/*.txt. -->\n\
         {introduction}\n## All settings\n\n"
    );
    for group in Group::ALL {
        let title = group.title();
        let links = names(group).map(|name| format!("[`{name}`](#{})", name.to_lowercase()));
        let links: Vec<_> = links.collect();
        let anchor = title.to_lowercase().replace(' ', "-");
        let _ = writeln!(page, "- [{title}](#{anchor}): {}", links.join(", "));
    }
    for group in Group::ALL {
        let _ = write!(page, "\n## {}\n", group.title());
        names(group).for_each(|name| page.push_str(&section(name)));
    }
    page
}

/// Returns the names of a group's settings, each once.
fn names(group: Group) -> impl Iterator<Item = &'static str> {
    let mut names: Vec<&str> = Vec::new();
    for setting in all_settings().filter(|setting| setting.group == group) {
        if !names.contains(&setting.name) {
            names.push(setting.name);
        }
    }
    names.into_iter()
}

/// Describes a setting. Hosts can have different defaults of it, each with a description of its own.
fn section(name: &str) -> String {
    let rows: Vec<_> = all_settings()
        .filter(|setting| setting.name == name)
        .collect();
    let mut text = format!("\n### `{name}`\n");
    for row in &rows {
        let hosts = if rows.len() > 1 {
            format!("**{}**: ", hosts(row).join(", "))
        } else {
            String::new()
        };
        let _ = write!(text, "\n{hosts}{}\n", row.doc.trim());
        let _ = write!(
            text,
            "\n- Form: {}\n- Default: {}\n",
            row.accepts,
            default(row)
        );
        let _ = writeln!(
            text,
            "- Example: {}",
            code(&format!("{name}={}", row.example))
        );
        if rows.len() == 1 {
            let _ = writeln!(text, "- Hosts: {}", hosts_or_all(row));
        }
        if is_pattern(row) {
            text.push_str("- `NAME`: a name in `OIDC_PROVIDERS`, in upper case; no flag sets it\n");
        }
        if row.secret {
            text.push_str("- Secret: no flag sets it, and no command prints it\n");
        }
    }
    if name == "PROFILE_FIELDS" {
        let _ = write!(text, "\n{}", include_str!("profile_fields.txt"));
    }
    text
}

/// Names the default, and that of Spin's manifest if it differs.
fn default(setting: &Setting) -> String {
    let usual = setting.default.filter(|default| !default.is_empty());
    let mut text = usual.map_or_else(|| "not set".to_owned(), code);
    if setting.hosts.contains(&HostKind::Spin) {
        match spin_default(setting) {
            None => text.push_str("; required on Spin"),
            Some(other) if other != usual.unwrap_or_default() => {
                let _ = write!(text, "; {} on Spin", code(other));
            }
            Some(_) => {}
        }
    }
    text
}

fn hosts(setting: &Setting) -> Vec<&'static str> {
    setting.hosts.iter().map(|host| host.title()).collect()
}

fn hosts_or_all(setting: &Setting) -> String {
    if HOSTS.iter().all(|host| setting.hosts.contains(host)) {
        return "all".to_owned();
    }
    hosts(setting).join(", ")
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

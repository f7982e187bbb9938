//! The tables of settings of all hosts as one, for documentation and command lines.

use auth_core::Config;
use auth_core::config::{
    FederationConfig, HostKind, LogConfig, ProxyConfig, RetentionConfig, Setting, WebConfig,
};
use gatewright_http::{BodyConfig, HashQueueConfig};
use gatewright_mail::MailConfig;
use gatewright_smtp::SmtpConfig;

use crate::settings::HostConfig;

/// Every setting of every host, in the order of the documentation: by [group](Setting::group), and within one as the
/// tables have them. A setting whose default depends on the host is there once for each default, with the hosts that
/// have it. The settings of each of `OIDC_PROVIDERS` are there once, with `NAME` for the name of the provider.
pub fn all_settings() -> impl Iterator<Item = &'static Setting> + Clone {
    let [providers, presets] = FederationConfig::TABLES;
    let tables = [
        HostConfig::TABLE,
        WebConfig::TABLE,
        ProxyConfig::TABLE,
        LogConfig::TABLE,
        RetentionConfig::TABLE,
        MailConfig::TABLE,
        SmtpConfig::TABLE,
        Config::TABLE,
        providers,
        FederationConfig::NAMED,
        presets,
        BodyConfig::TABLE,
        HashQueueConfig::TABLE,
    ];
    let mut settings: Vec<_> = tables.into_iter().flatten().collect();
    // Stable: within a group the order of the tables stays.
    settings.sort_by_key(|setting| setting.group);
    settings.into_iter()
}

/// The settings of the native host with fixed names, in the order of [`all_settings`].
pub fn native_settings() -> impl Iterator<Item = &'static Setting> + Clone {
    all_settings()
        .filter(|setting| setting.hosts.contains(&HostKind::Native) && !is_pattern(setting))
}

/// Whether a row stands for the settings of several providers.
pub fn is_pattern(setting: &Setting) -> bool {
    FederationConfig::NAMED.contains(setting)
}

/// The row of a setting of the native host, also of `OIDC_ACME_ISSUER` for any name.
pub fn native_setting(name: &str) -> Option<&'static Setting> {
    let row = native_settings().find(|setting| setting.name == name);
    row.or_else(|| FederationConfig::row(name))
}

/// The first sentence of a setting's documentation, shortened to a line.
pub fn summary(setting: &Setting) -> String {
    const LONGEST: usize = 90;
    let doc = setting.doc.trim();
    let end = [". ", "; ", ": "]
        .iter()
        .filter_map(|end| doc.find(end))
        .min()
        .unwrap_or(doc.len());
    let sentence = doc[..end].trim_end_matches('.');
    if sentence.chars().count() <= LONGEST {
        return sentence.to_owned();
    }
    let cut: String = sentence.chars().take(LONGEST).collect();
    let cut = cut.rsplit_once(' ').map_or(cut.as_str(), |(cut, _)| cut);
    format!("{} …", cut.trim_end_matches([',', '(']))
}

/// `NAME=value` as a shell and a file of settings take it.
pub fn assignment(name: &str, value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@+=%".contains(c);
    if value.starts_with("$(") {
        format!("{name}=\"{value}\"")
    } else if value.chars().all(plain) {
        format!("{name}={value}")
    } else {
        format!("{name}='{value}'")
    }
}

/// The names that are near a wrong one, the nearest first, at most five: a few letters differ, or one contains the
/// other.
pub fn near<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut near: Vec<_> = names
        .filter_map(|name| {
            let differ = distance(wrong, name);
            let contains = wrong.len() >= 3 && (name.contains(wrong) || wrong.contains(name));
            // A third of the letters, as clap and cargo have it.
            (contains || differ <= wrong.len().max(3) / 3).then_some((differ, name))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().map(|(_, name)| name).take(5).collect()
}

/// The fewest letters to insert, delete and replace to get from one word to the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.chars().enumerate() {
        let mut diagonal = above;
        row[0] = above + 1;
        for at in 0..other.len() {
            let replaced = diagonal + usize::from(letter != other[at]);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use auth_core::Settings;
    use auth_core::config::{Group, SettingError};
    use futures::FutureExt as _;

    use super::*;

    /// One setting besides `SECRET_KEY`, which has no default.
    struct One(&'static str, &'static str);

    impl Settings for One {
        async fn get(&self, name: &str) -> Result<Option<String>, String> {
            let value = match name {
                "SECRET_KEY" => Some("0123456789abcdef0123456789abcdef"),
                _ => (name == self.0).then_some(self.1),
            };
            Ok(value.map(str::to_owned))
        }
    }

    async fn load_every_table(settings: &One) -> Result<(), SettingError> {
        HostConfig::load(settings).await?;
        WebConfig::load(settings).await?;
        ProxyConfig::load(settings).await?;
        LogConfig::load(settings).await?;
        RetentionConfig::load(settings).await?;
        MailConfig::load(settings).await?;
        SmtpConfig::load(settings).await?;
        auth_core::config::Values::load(settings).await?;
        BodyConfig::load(settings).await?;
        HashQueueConfig::load(settings).await.map(drop)
    }

    /// The tests of the tables check those of providers, which depend on each other.
    #[test]
    fn every_example_is_accepted_and_is_not_the_default() {
        let others = |setting: &&Setting| setting.group != Group::Providers;
        for setting in all_settings()
            .filter(others)
            .filter(|setting| !setting.secret)
        {
            let one = One(setting.name, setting.example);
            let loaded = load_every_table(&one).now_or_never().unwrap();
            assert_eq!(loaded, Ok(()));
            assert_ne!(setting.default, Some(setting.example), "{}", setting.name);
        }
    }

    #[test]
    fn a_setting_is_there_once_on_each_host() {
        let mut seen = std::collections::BTreeSet::new();
        for setting in all_settings() {
            for host in setting.hosts {
                assert!(
                    seen.insert((setting.name, host.title())),
                    "{}",
                    setting.name
                );
            }
        }
    }

    #[test]
    fn a_summary_is_a_line() {
        for setting in all_settings() {
            let summary = summary(setting);
            assert!(
                !summary.is_empty() && summary.chars().count() < 95,
                "{summary}"
            );
        }
    }

    #[test]
    fn a_wrong_name_finds_those_near_it() {
        let near = |wrong| near(wrong, all_settings().map(|setting| setting.name));
        assert_eq!(near("JWT_ALGORITM")[0], "JWT_ALGORITHM");
        assert_eq!(near("EMAIL_FORM")[0], "EMAIL_FROM");
        assert!(near("SMTP").contains(&"SMTP_HOST"));
        assert_eq!(near("XYZZY"), [""; 0]);
    }

    #[test]
    fn an_assignment_is_quoted_where_a_shell_needs_it() {
        for (value, wanted) in [
            ("ES256", "N=ES256"),
            ("Acme <a@example.com>", "N='Acme <a@example.com>'"),
            (
                "$(gatewright secret generate)",
                "N=\"$(gatewright secret generate)\"",
            ),
        ] {
            assert_eq!(assignment("N", value), wanted);
        }
    }
}

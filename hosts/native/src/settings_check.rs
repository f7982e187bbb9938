//! All problems of the settings at once.

use std::collections::BTreeMap;

use anyhow::Result;
use auth_core::config::{FederationConfig, SettingError};

use crate::secrets::make_secrets;
use crate::settings::LayeredSettings;
use crate::settings_table::{is_pattern, native_setting};

/// Other values for some settings; `None` is the default.
type Replaced = BTreeMap<&'static str, Option<String>>;

/// Returns every problem that a start with these settings would have, at most one for each setting.
///
/// # Errors
/// A problem that is not one of a setting, such as a file of secrets that can't be read.
pub fn problems(settings: &LayeredSettings) -> Result<Vec<SettingError>> {
    let mut found = Vec::new();
    // Loading stops at its first problem. So the setting that has it gets another value, and everything is loaded
    // again.
    let mut replaced = Replaced::new();
    while let Err(error) = load_all(settings, &replaced) {
        let problem: SettingError = error.downcast()?;
        let SettingError::Value { name, .. } = problem else {
            return Err(problem.into());
        };
        match replaced.get(name) {
            None => {
                replaced.insert(name, None);
                found.push(problem);
            }
            // It is needed, so the default is not enough.
            Some(None) => {
                replaced.insert(name, Some(accepted_value(name)));
            }
            // No value helps, as another setting contradicts it.
            Some(Some(_)) => break,
        }
    }
    Ok(found)
}

/// Loads everything that a start loads. Stores nothing.
fn load_all(settings: &LayeredSettings, replaced: &Replaced) -> Result<()> {
    let mut settings = settings.clone();
    settings.replace(replaced);
    let host = settings.host_config()?;
    if let Some(folder) = &host.mail_templates {
        settings.read_templates(folder)?;
        // A template of the folder gives its setting a value.
        settings.replace(replaced);
    }
    settings.log_config()?;
    settings.mailer(&settings.mail_config()?)?;
    host.database_url.check()?;
    make_secrets(&mut settings, &host)?;
    host.check_memory(settings.config()?.argon2_memory)?;
    Ok(())
}

/// A value that the setting accepts.
fn accepted_value(name: &str) -> String {
    // Long enough for every algorithm. No secret: nothing is started with it.
    const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIEiTvdT2BEr+JYnmNwqwyChhICVOEb3zoiMMqnzQueRk\n-----END PRIVATE KEY-----";
    match native_setting(name) {
        None => String::new(),
        Some(setting) if setting.secret && setting.accepts.contains("PEM") => PEM.to_owned(),
        Some(setting) if setting.secret => SECRET.to_owned(),
        // Two providers can't have one issuer.
        Some(setting) if is_pattern(setting) => {
            let host = name.to_ascii_lowercase().replace('_', "-");
            setting.example.replace("login", &host)
        }
        Some(setting) => setting.example.to_owned(),
    }
}

/// Returns a warning for each given setting of a sign-in provider that is not set up. It is not an error, because the
/// provider can be switched off for a while.
pub fn without_effect(settings: &LayeredSettings) -> Vec<String> {
    let mut found = Vec::new();
    let fixed = FederationConfig::TABLES.into_iter().flatten();
    for id in fixed
        .clone()
        .filter(|row| row.name.ends_with("_CLIENT_ID") && settings.value(row.name).is_none())
    {
        let prefix = id.name.trim_end_matches("CLIENT_ID");
        let given = |name: &&str| name.starts_with(prefix) && settings.value(name).is_some();
        let names = fixed.clone().map(|row| row.name).filter(given);
        found.extend(names.map(|name| format!("{name} has no effect without {}", id.name)));
    }
    let listed = settings.value("OIDC_PROVIDERS").unwrap_or_default();
    let listed: Vec<_> = listed
        .split(',')
        .map(|name| name.trim().to_ascii_uppercase())
        .collect();
    let is_used = |name: &str| {
        let mut used = FederationConfig::NAMED.iter().flat_map(|row| {
            let names = listed.iter();
            names.map(|listed| row.name.replace("NAME", listed))
        });
        used.any(|used| used == name)
    };
    let of_providers = settings
        .names()
        .filter(|name| FederationConfig::row(name).is_some_and(is_pattern));
    found.extend(of_providers.filter(|name| !is_used(name)).map(|name| {
        format!("{name} has no effect, because OIDC_PROVIDERS does not have its provider")
    }));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: [(&str, &str); 8] = [
        ("DATABASE_URL", "sqlite:no-such-folder/gatewright.db"),
        ("LISTEN", "nowhere"),
        ("JWT_ALGORITHM", "HS512"),
        ("JWT_SECRET", "a secret that is too short for it"),
        ("COOKIE_DOMAIN", "example.com"),
        ("EMAIL_PROVIDER", "resend"),
        ("SMTP_PORT", "0"),
        ("MAIL_VERIFY_EMAIL_TEXT", "{% if %}"),
    ];

    fn of(flags: &[(&'static str, &str)]) -> Vec<SettingError> {
        let flags = flags
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        let none = tempfile::NamedTempFile::new().unwrap();
        problems(&LayeredSettings::new(flags, Some(none.path())).unwrap()).unwrap()
    }

    #[test]
    fn every_problem_is_found_once() {
        let found = of(&FLAGS);
        let mut names: Vec<_> = found
            .iter()
            .map(|problem| match problem {
                SettingError::Value { name, .. } => *name,
                SettingError::Unavailable(problem) => panic!("{problem}"),
            })
            .collect();
        names.sort_unstable();
        let wanted = [
            "COOKIE_DOMAIN",
            "EMAIL_API_KEY",
            "EMAIL_FROM",
            "JWT_SECRET",
            "LISTEN",
            "MAIL_VERIFY_EMAIL_TEXT",
            "SMTP_PORT",
        ];
        assert_eq!(names, wanted);
        assert!(
            found
                .iter()
                .all(|problem| !problem.to_string().contains("too short"))
        );
    }

    #[test]
    fn settings_without_a_problem_have_none() {
        assert_eq!(of(&FLAGS[..1]), []);
    }

    const PROVIDERS: [(&str, &str); 7] = [
        FLAGS[0],
        ("OIDC_PROVIDERS", "acme,work,old"),
        ("OIDC_ACME_CLIENT_ID", "gatewright"),
        ("OIDC_WORK_CLIENT_AUTHENTICATION", "private_key_jwt"),
        ("OIDC_WORK_PRIVATE_KEY", "geheim"),
        ("OIDC_OLD_AUTHORIZE_URL", "http://old.example.com/authorize"),
        ("GITHUB_CLIENT_ID", "id"),
    ];

    #[test]
    fn every_problem_of_providers_is_found() {
        let found = of(&PROVIDERS);
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        let names = [
            "GITHUB_CLIENT_SECRET: not set, but GITHUB_CLIENT_ID is;",
            "OIDC_ACME_ISSUER: not set, but OIDC_PROVIDERS names acme",
            "OIDC_ACME_CLIENT_SECRET: not set, but OIDC_PROVIDERS names acme",
            "OIDC_WORK_ISSUER: ",
            "OIDC_WORK_CLIENT_ID: ",
            "OIDC_WORK_PRIVATE_KEY: the value is not accepted",
            "OIDC_OLD_AUTHORIZE_URL: ",
            "OIDC_OLD_ISSUER: ",
            "OIDC_OLD_CLIENT_ID: ",
            "OIDC_OLD_CLIENT_SECRET: ",
        ];
        assert_eq!(found.len(), names.len(), "{found:#?}");
        for name in names {
            assert!(found.iter().any(|found| found.starts_with(name)), "{name}");
        }
        assert!(!found.concat().contains("geheim"));
    }

    #[test]
    fn settings_of_providers_that_are_not_set_up_are_reported() {
        let settings = |flags: &[(&'static str, &str)]| {
            let flags = flags
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()));
            let none = tempfile::NamedTempFile::new().unwrap();
            without_effect(&LayeredSettings::new(flags, Some(none.path())).unwrap())
        };
        assert_eq!(settings(&PROVIDERS), [""; 0]);
        let found = settings(&[
            ("GITHUB_CLIENT_SECRET", "geheim"),
            ("APPLE_TEAM_ID", "A1"),
            ("GITLAB_URL", "https://git.example.com"),
            ("GOOGLE_CLIENT_ID", "id"),
            ("GOOGLE_CLIENT_SECRET", "geheim"),
            ("OIDC_PROVIDERS", "acme"),
            ("OIDC_ACME_LABEL", "Acme"),
            ("OIDC_WORK_CLIENT_SECRET", "geheim"),
        ]);
        let wanted = [
            "GITHUB_CLIENT_SECRET has no effect without GITHUB_CLIENT_ID",
            "APPLE_TEAM_ID has no effect without APPLE_CLIENT_ID",
            "GITLAB_URL has no effect without GITLAB_CLIENT_ID",
            "OIDC_WORK_CLIENT_SECRET has no effect, because OIDC_PROVIDERS does not have its provider",
        ];
        assert_eq!(found, wanted);
    }

    /// The memory of the hash is accepted by itself, and of an instance no default is enough for it.
    #[test]
    fn settings_that_contradict_each_other_are_reported() {
        let found = of(&[
            FLAGS[0],
            ("INSTANCE_MEMORY_MIB", "64"),
            ("ARGON2_MEMORY_KIB", "131072"),
        ]);
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .to_string()
                .starts_with("INSTANCE_MEMORY_MIB: 64 is too little")
        );
    }
}

//! All problems of the settings at once.

use std::collections::BTreeMap;

use anyhow::Result;
use auth_core::config::SettingError;

use crate::secrets::make_secrets;
use crate::settings::LayeredSettings;
use crate::settings_table::native_settings;

/// Other values for some settings; `None` is the default.
type Replaced = BTreeMap<&'static str, Option<&'static str>>;

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
    make_secrets(&mut settings, &host)?;
    host.check_memory(settings.config()?.argon2_memory)?;
    Ok(())
}

/// A value that the setting accepts.
fn accepted_value(name: &str) -> &'static str {
    // Long enough for every algorithm. No secret: nothing is started with it.
    const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let setting = native_settings().find(|setting| setting.name == name);
    setting.map_or("", |setting| {
        if setting.secret {
            SECRET
        } else {
            setting.example
        }
    })
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

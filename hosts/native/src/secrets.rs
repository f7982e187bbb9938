//! The secrets of a first start. They are stored beside a database that is a file, and nowhere else.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use auth_core::config::SettingError;

use crate::settings::{HostConfig, LayeredSettings, read_env_file};

/// Returns the file beside a database in which secrets are stored.
pub fn secrets_file(database: &Path) -> PathBuf {
    database.with_file_name("secrets.env")
}

/// Adds the secrets that an earlier start stored beside the file of the database, unless they are set.
///
/// # Errors
/// The file can't be read.
pub fn read_secrets(settings: &mut LayeredSettings, host: &HostConfig) -> Result<()> {
    let Some(file) = host.database_url.file() else {
        return Ok(());
    };
    let path = secrets_file(file);
    if path.exists() {
        for (name, value) in read_env_file(&path)? {
            if settings.value(&name).is_none() {
                settings.add(&name, value);
            }
        }
    }
    Ok(())
}

/// Adds the secrets that are not set: those of an earlier start or, with a new database, new ones, which are stored.
/// Returns a line for each stored file.
///
/// # Errors
/// The file can't be read or written, or a database needs the key that it was created with.
pub fn ensure_secrets(settings: &mut LayeredSettings, host: &HostConfig) -> Result<Vec<String>> {
    let made = make_secrets(settings, host)?;
    let file = host.database_url.file();
    let Some(path) = file.map(secrets_file).filter(|_| !made.is_empty()) else {
        return Ok(Vec::new());
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("can't create {}", folder.display()))?;
    }
    let mut file = open_private(&path)?;
    for name in &made {
        let secret = settings.value(name).unwrap_or_default();
        writeln!(file, "{name}={secret}")
            .with_context(|| format!("can't write {}", path.display()))?;
    }
    file.sync_all()?;
    Ok(vec![format!(
        "{} in {} (keep this file: without it stored keys are lost)",
        made.join(" and "),
        path.display()
    )])
}

/// As [`ensure_secrets`], but stores nothing. Returns the names of the new secrets.
///
/// # Errors
/// The file can't be read, or a database needs the key that it was created with.
pub fn make_secrets(
    settings: &mut LayeredSettings,
    host: &HostConfig,
) -> Result<Vec<&'static str>> {
    read_secrets(settings, host)?;
    let symmetric = settings
        .value("JWT_ALGORITHM")
        .is_some_and(|algorithm| algorithm.trim().starts_with("HS"));
    let wanted = [("SECRET_KEY", true), ("JWT_SECRET", symmetric)];
    let missing: Vec<_> = wanted
        .iter()
        .filter(|(name, needed)| *needed && settings.value(name).is_none())
        .map(|(name, _)| *name)
        .collect();
    match (host.database_url.file(), missing.first()) {
        (Some(file), Some(&"SECRET_KEY")) if file.exists() => {
            return Err(SettingError::Value {
                name: "SECRET_KEY",
                problem: format!(
                    "not set, and {} is encrypted with one; set it, or restore {}",
                    file.display(),
                    secrets_file(file).display()
                ),
                accepts: "the value that the database was created with",
            }
            .into());
        }
        // Several hosts share it, and all need the same secrets.
        (None, Some(&name)) => {
            return Err(SettingError::Value {
                name,
                problem: "not set, and a host creates no secret for a PostgreSQL database"
                    .to_owned(),
                accepts: "the same value on every host of the database; `gatewright secret generate` prints a new one for an empty database",
            }
            .into());
        }
        _ => {}
    }
    for name in &missing {
        settings.add(name, random_hex()?);
    }
    Ok(missing)
}

/// Opens a file for appending that only its owner can read.
fn open_private(path: &PathBuf) -> Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .with_context(|| format!("can't write {}", path.display()))
}

/// Returns 64 random bytes, enough for every algorithm, as 128 characters.
fn random_hex() -> Result<String> {
    let mut bytes = [0; 64];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .context("the system returned no random bytes")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

//! The tables of settings of all hosts as one, for documentation and command lines.

use auth_core::Config;
use auth_core::config::{HostKind, LogConfig, ProxyConfig, RetentionConfig, Setting, WebConfig};
use gatewright_http::{BodyConfig, HashQueueConfig};
use gatewright_mail::MailConfig;
use gatewright_smtp::SmtpConfig;

use crate::settings::HostConfig;

/// Every setting of every host, in the order of the documentation: by [group](Setting::group), and within one as the tables
/// have them. A setting whose default depends on the host is there once for each default, with the hosts that have it.
pub fn all_settings() -> impl Iterator<Item = &'static Setting> + Clone {
    sorted(&[
        HostConfig::TABLE,
        WebConfig::TABLE,
        ProxyConfig::TABLE,
        LogConfig::TABLE,
        RetentionConfig::TABLE,
        MailConfig::TABLE,
        SmtpConfig::TABLE,
        Config::TABLE,
        BodyConfig::TABLE,
        HashQueueConfig::TABLE,
    ])
}

/// The settings of the native host, in the order of [`all_settings`].
pub fn native_settings() -> impl Iterator<Item = &'static Setting> + Clone {
    all_settings().filter(|setting| setting.hosts.contains(&HostKind::Native))
}

fn sorted(tables: &[&'static [Setting]]) -> impl Iterator<Item = &'static Setting> + Clone + use<> {
    let mut settings: Vec<_> = tables.iter().copied().flatten().collect();
    // Stable: within a group the order of the tables stays.
    settings.sort_by_key(|setting| setting.group);
    settings.into_iter()
}

//! Settings from flags, the environment and a file, and those that only this host has.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use auth_core::config::{LogConfig, ProxyConfig, SettingError, WebConfig, parse};
use auth_core::password::Parameters;
use auth_core::{Config, EmailAddress, Settings, Templates};
use gatewright_mail::{MailConfig, Provider, TIMEOUT};
use gatewright_smtp::{Mailer, SmtpConfig};

/// The file of settings, if none is named.
pub const DOT_ENV: &str = ".env";

auth_core::settings! {
    /// What an operator can set about this host.
    pub struct HostConfig on Native;

    /// Where the database is: `sqlite:` and a path. The folder is made where it is missing.
    DATABASE_URL database_url: String = "sqlite:data/gatewright.db", |text| crate::sqlite::database_path(text).map(|_| text.to_owned()), "sqlite: and a path", Storage, "sqlite:/var/lib/gatewright/gatewright.db";
    /// Address and port to listen on; port 0 takes a free one.
    LISTEN listen: SocketAddr = "127.0.0.1:8080", |text| text.parse().ok(), "an IP address and a port, such as 127.0.0.1:8080", Addresses, "0.0.0.0:8080";
    /// Who becomes superadmin at a start without one, with `ADMIN_PASSWORD`; his address counts as verified.
    ADMIN_EMAIL admin_email: Option<String> = "", |text| parse::optional(text).filter(|email| email.as_deref().is_none_or(|text| EmailAddress::parse(text).is_ok())), "an e-mail address", Administration, "admin@example.com";
    /// The password that he then has. Once there is a superadmin it is of no use, and changes nothing.
    ADMIN_PASSWORD admin_password: Option<String> = "", parse::optional, "a password that keeps the rules", Administration, "a long passphrase of your own", secret;
    /// Folder of mail templates that take the place of the built-in ones of the same names, such as `verify_email.html`; `gatewright mail preview` lists them.
    MAIL_TEMPLATES mail_templates: Option<String> = "", parse::optional, "a folder", Mail, "/etc/gatewright/mail";
    /// How long one request may take before it is ended.
    REQUEST_TIMEOUT_SECONDS request_timeout: Duration = "30", |text| parse::whole(text, 1, 600).map(Duration::from_secs), "seconds, 1 to 600", Host, "60";
    /// How long a stopping host waits for requests in flight.
    SHUTDOWN_TIMEOUT_SECONDS shutdown_timeout: Duration = "30", |text| parse::whole(text, 1, 600).map(Duration::from_secs), "seconds, 1 to 600", Host, "10";
    /// Most memory of one instance of the service. It takes what a request needs; imported hashes can need 128 MiB.
    INSTANCE_MEMORY_MIB instance_memory_mib: u64 = "192", |text| parse::whole(text, 32, 1024), "MiB, 32 to 1024", Host, "256";
    /// How many requests one instance of the service serves at once. With 1, what goes wrong in a request ends that one alone; Spin's default is 16.
    INSTANCE_CONCURRENCY instance_concurrency: usize = "1", |text| parse::whole(text, 1, 128).map(|n| n as usize), "1 to 128", Host, "4";
    /// How many requests one instance of the service serves before it is replaced, so that memory it has grown or leaked is given back.
    INSTANCE_REQUESTS instance_requests: usize = "100000", |text| parse::whole(text, 1, 1_000_000_000).map(|n| n as usize), "1 to 1000000000", Host, "10000";
    /// Threads for light requests, and as many for those that compute password hashes; 0 for one per processor.
    THREADS threads: usize = "0", |text| parse::whole(text, 0, 64).map(|n| n as usize), "0 to 64", Host, "4";
    /// How many connections may be open at once. A further one takes the place of the one that has been without a request for longest, or waits.
    MAX_CONNECTIONS max_connections: usize = "4096", |text| parse::whole(text, 1, 1_000_000).map(|n| n as usize), "1 to 1000000", Host, "1024";
    /// How many connections may be open at once of one network (IPv4: an address, IPv6: a /64; a /56 has twice and a /48 four times as many); further ones are closed. 0 for no such bound; there is none for `TRUSTED_PROXIES`.
    MAX_CONNECTIONS_PER_NETWORK max_connections_per_network: usize = "512", |text| parse::whole(text, 0, 1_000_000).map(|n| n as usize), "0 to 1000000", Host, "64";
    /// Memory that all requests and answers under way may take together, and one network a quarter of it (an IPv6 /56 or /48 half), unless it is one of `TRUSTED_PROXIES`; more are answered with 503.
    BODY_MEMORY_MIB body_memory: usize = "64", |text| parse::whole(text, 4, 65_536).map(|mib| (mib as usize) << 20), "MiB, 4 to 65536", Host, "32";
    /// How many light requests may be under way at once, for each thread; more are answered with 503.
    MAX_REQUESTS max_requests: usize = "512", |text| parse::whole(text, 1, 65_536).map(|n| n as usize), "1 to 65536", Host, "256";
    /// How many requests may wait for a password hash; more are answered with 503.
    MAX_WAITING_HASHES max_waiting_hashes: usize = "128", |text| parse::whole(text, 1, 65_536).map(|n| n as usize), "1 to 65536", Host, "32";
}

impl HostConfig {
    /// Checks that an instance has the memory for a new password hash, which takes `argon2_memory` KiB, and for the
    /// largest that an import takes.
    ///
    /// # Errors
    /// It has not.
    pub fn check_memory(&self, argon2_memory: u32) -> Result<(), SettingError> {
        // What an instance takes besides, rounded up.
        const REST_KIB: u32 = 16 * 1024;
        // A piece of memory that has become too small for a hash may serve nothing else.
        let needed = argon2_memory + Parameters::MAX_MEMORY + REST_KIB;
        if self.instance_memory_mib * 1024 < u64::from(needed) {
            return Err(SettingError::Value {
                name: "INSTANCE_MEMORY_MIB",
                problem: format!(
                    "{} is too little for ARGON2_MEMORY_KIB {argon2_memory} and the largest imported hash, which take {} \
                     with the rest",
                    self.instance_memory_mib,
                    needed.div_ceil(1024)
                ),
                accepts: "144 MiB more than ARGON2_MEMORY_KIB",
            });
        }
        Ok(())
    }

    /// Address and password of the superadmin whom a start without one makes.
    pub fn administrator(&self) -> Option<(&str, &str)> {
        self.admin_email
            .as_deref()
            .zip(self.admin_password.as_deref())
    }

    /// What half an administrator amounts to; no error, as a password need not stay in the settings.
    pub fn half_administrator(&self) -> Option<&'static str> {
        match (&self.admin_email, &self.admin_password) {
            (Some(_), None) => Some("ADMIN_EMAIL without ADMIN_PASSWORD makes no superadmin"),
            (None, Some(_)) => Some("ADMIN_PASSWORD without ADMIN_EMAIL makes no superadmin"),
            _ => None,
        }
    }
}

/// Values by name: the first layer that has one wins.
#[derive(Clone)]
pub struct LayeredSettings {
    values: BTreeMap<String, String>,
    /// The layer that each value is from.
    origins: BTreeMap<String, String>,
}

impl LayeredSettings {
    /// Flags, then the environment, then `env_file` or `.env` in the current folder.
    ///
    /// # Errors
    /// The file can't be read or is malformed.
    pub fn new(
        flags: impl Iterator<Item = (&'static str, String)>,
        env_file: Option<&Path>,
    ) -> Result<Self> {
        let mut values = BTreeMap::new();
        let mut origins = BTreeMap::new();
        let file = match env_file {
            Some(path) => Some(path),
            None => Some(Path::new(DOT_ENV)).filter(|path| path.exists()),
        };
        if let Some(path) = file {
            let entries = dotenvy::from_path_iter(path)
                .with_context(|| format!("can't read {}", path.display()))?;
            for entry in entries {
                // Not the error's own text: it quotes the line, which may hold a secret.
                let (name, value) =
                    entry.map_err(|_| anyhow::anyhow!("{} is malformed", path.display()))?;
                origins.insert(name.clone(), format!("in {}", path.display()));
                values.insert(name, value);
            }
        }
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            let origin = "in the environment".to_owned();
            Some((name.into_string().ok()?, value.into_string().ok()?, origin))
        });
        let flags = flags.map(|(name, value)| {
            let origin = format!("as {}", flag_name(name));
            (name.to_owned(), value, origin)
        });
        // A blank value is none, and hides no other.
        let layers = environment.chain(flags);
        for (name, value, origin) in layers.filter(|(_, value, _)| !value.trim().is_empty()) {
            origins.insert(name.clone(), origin);
            values.insert(name, value);
        }
        Ok(Self { values, origins })
    }

    /// The value of a setting; blanks alone count as none.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.trim().is_empty())
    }

    /// The layer that a setting's value is from, such as `in .env`.
    pub fn origin(&self, name: &str) -> Option<&str> {
        self.origins.get(name).map(String::as_str)
    }

    /// With these values in the place of those that no layer has.
    #[must_use]
    pub fn or(mut self, values: &[(&str, &str)]) -> Self {
        for (name, value) in values {
            if self.value(name).is_none() {
                self.add(name, (*value).to_owned());
            }
        }
        self
    }

    /// Adds a value that no layer had.
    pub(crate) fn add(&mut self, name: &str, value: String) {
        self.values.insert(name.to_owned(), value);
    }

    /// Gives settings other values; `None` removes one.
    pub(crate) fn replace(&mut self, values: &BTreeMap<&'static str, Option<&'static str>>) {
        for (name, value) in values {
            match value {
                Some(value) => self.add(name, (*value).to_owned()),
                None => _ = self.values.remove(*name),
            }
        }
    }

    /// Takes the mail templates of a folder as the settings that they stand for; a setting that has a value keeps it.
    ///
    /// # Errors
    /// The folder can't be read, or holds a file that is no template's.
    pub fn read_templates(&mut self, folder: &str) -> Result<(), SettingError> {
        let refused = |problem| SettingError::Value {
            name: "MAIL_TEMPLATES",
            problem,
            accepts: "a folder with templates of mails alone; `gatewright mail preview` lists their names",
        };
        let unreadable = |path: &Path, error: std::io::Error| {
            refused(format!("can't read {}: {error}", path.display()))
        };
        let folder = Path::new(folder);
        let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, error))?;
        for entry in entries {
            let path = entry.map_err(|error| unreadable(folder, error))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let known = Templates::built_in().find(|template| template.file == name);
            let template = known.ok_or_else(|| {
                refused(format!("{} isn't the name of a template", path.display()))
            })?;
            let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
            if self.value(template.setting).is_none() {
                self.add(template.setting, text);
            }
        }
        Ok(())
    }

    /// The host's own settings.
    ///
    /// # Errors
    /// The first whose value can't be used.
    pub fn host_config(&self) -> Result<HostConfig, SettingError> {
        ready(HostConfig::load(self))
    }

    /// The settings of the log.
    ///
    /// # Errors
    /// The first whose value can't be used.
    pub fn log_config(&self) -> Result<LogConfig, SettingError> {
        ready(LogConfig::load(self))
    }

    /// The proxies in front of the service.
    ///
    /// # Errors
    /// The first setting whose value can't be used.
    pub fn proxy_config(&self) -> Result<ProxyConfig, SettingError> {
        ready(ProxyConfig::load(self))
    }

    /// Where the service is reached, and from which pages.
    ///
    /// # Errors
    /// The first setting whose value can't be used.
    pub fn web_config(&self) -> Result<WebConfig, SettingError> {
        ready(WebConfig::load(self))
    }

    /// The settings of mail.
    ///
    /// # Errors
    /// The first whose value can't be used.
    pub fn mail_config(&self) -> Result<MailConfig, SettingError> {
        ready(MailConfig::from_settings(self, &[Provider::Smtp]))
    }

    /// What sends mail by SMTP; none when another provider does.
    ///
    /// # Errors
    /// The first setting whose value can't be used.
    pub fn mailer(&self, mail: &MailConfig) -> Result<Option<Mailer>, SettingError> {
        let config = ready(SmtpConfig::load(self))?;
        match (mail.provider, &mail.from) {
            (Provider::Smtp, Some(from)) => Mailer::new(&config, from, TIMEOUT).map(Some),
            _ => Ok(None),
        }
    }

    /// The templates of mail.
    ///
    /// # Errors
    /// The first that can't be used.
    pub fn templates(&self) -> Result<Templates, SettingError> {
        let row = Config::TABLE.iter().find(|row| row.name == "PRODUCT_NAME");
        let product = self
            .value("PRODUCT_NAME")
            .or_else(|| row.and_then(|row| row.default));
        ready(Templates::load(self, product.unwrap_or_default()))
    }

    /// The service's settings.
    ///
    /// # Errors
    /// The first whose value can't be used.
    pub fn config(&self) -> Result<Config, SettingError> {
        ready(Config::from_settings(self))
    }
}

impl Settings for LayeredSettings {
    async fn get(&self, name: &str) -> Result<Option<String>, String> {
        Ok(self.value(name).map(str::to_owned))
    }
}

/// The flag of a setting.
pub fn flag_name(setting: &str) -> String {
    format!("--{}", setting.to_ascii_lowercase().replace('_', "-"))
}

/// The result of a future that never waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    futures::FutureExt::now_or_never(future).expect("values in memory are there at once")
}

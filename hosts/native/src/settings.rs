//! Settings from flags, the environment and a file, and the settings of this host.

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

use crate::database_url::DatabaseUrl;

/// The default file of settings.
pub const DOT_ENV: &str = ".env";

auth_core::settings! {
    /// The settings of this host.
    pub struct HostConfig on Native;

    /// The database: `sqlite:` and the path of a file, or the URL of a PostgreSQL database (version 14 or newer), which several hosts can share. A missing folder of the file is created. The URL has libpq's parameters `sslmode` and `sslrootcert`; without `sslmode`, the certificate of a remote server is verified in full. A password in the URL is never printed; set a URL that has one in the environment, because other users of the machine can read flags.
    DATABASE_URL database_url: DatabaseUrl = "sqlite:data/gatewright.db", DatabaseUrl::parse, "sqlite: and a path, or postgresql://USER:PASSWORD@HOST:PORT/DATABASE", Storage, "postgresql://gatewright@db.example.com/gatewright";
    /// Maximum number of connections of this host to a PostgreSQL database. All hosts together must stay below `max_connections` of the server.
    DATABASE_POOL_SIZE database_pool_size: usize = "16", |text| parse::whole(text, 1, 1000).map(|n| n as usize), "1 to 1000", Storage, "32";
    /// Maximum time that a request waits for a connection to a PostgreSQL database. After that it is answered with 503.
    DATABASE_CONNECT_TIMEOUT_SECONDS database_connect_timeout: Duration = "5", |text| parse::whole(text, 1, 60).map(Duration::from_secs), "seconds, 1 to 60", Storage, "2";
    /// Maximum time of one statement on a PostgreSQL database, and maximum time that a transaction is idle. A request whose statement takes longer is answered with 503.
    DATABASE_STATEMENT_TIMEOUT_SECONDS database_statement_timeout: Duration = "10", |text| parse::whole(text, 1, 600).map(Duration::from_secs), "seconds, 1 to 600", Storage, "5";
    /// Whether statements are prepared once for each connection to a PostgreSQL database. Set it to `false` behind a pooler that gives each transaction another connection, such as PgBouncer with `pool_mode=transaction`. The server then has its own statement time-out, because the host sets none.
    DATABASE_PREPARED_STATEMENTS database_prepared_statements: bool = "true", parse::boolean, "true or false", Storage, "false";
    /// Address and port to listen on. Port 0 selects a free port.
    LISTEN listen: SocketAddr = "127.0.0.1:8080", |text| text.parse().ok(), "an IP address and a port, such as 127.0.0.1:8080", Addresses, "0.0.0.0:8080";
    /// E-mail address of the first superadmin. The start creates this user with `ADMIN_PASSWORD` if there is no superadmin yet. The address counts as verified.
    ADMIN_EMAIL admin_email: Option<String> = "", |text| parse::optional(text).filter(|email| email.as_deref().is_none_or(|text| EmailAddress::parse(text).is_ok())), "an e-mail address", Administration, "admin@example.com";
    /// Password of the first superadmin. It has no effect once there is a superadmin.
    ADMIN_PASSWORD admin_password: Option<String> = "", parse::optional, "a password that follows the password rules", Administration, "a long passphrase of your own", secret;
    /// Folder with mail templates that replace the built-in ones of the same names, such as `verify_email.html`. `gatewright mail preview` lists the names.
    MAIL_TEMPLATES mail_templates: Option<String> = "", parse::optional, "a folder", Mail, "/etc/gatewright/mail";
    /// Time limit of a request.
    REQUEST_TIMEOUT_SECONDS request_timeout: Duration = "30", |text| parse::whole(text, 1, 600).map(Duration::from_secs), "seconds, 1 to 600", Host, "60";
    /// Time that a stopping host waits for requests in progress.
    SHUTDOWN_TIMEOUT_SECONDS shutdown_timeout: Duration = "30", |text| parse::whole(text, 1, 600).map(Duration::from_secs), "seconds, 1 to 600", Host, "10";
    /// Maximum memory of one instance (a running copy of the WebAssembly component). It must exceed `ARGON2_MEMORY_KIB` by 144 MiB, because an imported password hash can need 128 MiB.
    INSTANCE_MEMORY_MIB instance_memory_mib: u64 = "192", |text| parse::whole(text, 32, 1024), "MiB, 32 to 1024", Host, "256";
    /// Number of requests that one instance serves at the same time. With 1, a failure ends only the request that caused it. Spin's default is 16.
    INSTANCE_CONCURRENCY instance_concurrency: usize = "1", |text| parse::whole(text, 1, 128).map(|n| n as usize), "1 to 128", Host, "4";
    /// Number of requests that one instance serves before a new one replaces it, which releases grown or leaked memory.
    INSTANCE_REQUESTS instance_requests: usize = "100000", |text| parse::whole(text, 1, 1_000_000_000).map(|n| n as usize), "1 to 1000000000", Host, "10000";
    /// Number of threads for requests without a password hash, and number of those for password hashes. 0 means one per processor.
    THREADS threads: usize = "0", |text| parse::whole(text, 0, 64).map(|n| n as usize), "0 to 64", Host, "4";
    /// Maximum number of open connections. A further connection replaces the one that has been idle longest, or waits.
    MAX_CONNECTIONS max_connections: usize = "4096", |text| parse::whole(text, 1, 1_000_000).map(|n| n as usize), "1 to 1000000", Host, "1024";
    /// Maximum number of open connections of one network (IPv4: an address, IPv6: a /64; twice as many for a /56 and four times as many for a /48). Further connections are closed. 0 means no limit. `TRUSTED_PROXIES` have no limit.
    MAX_CONNECTIONS_PER_NETWORK max_connections_per_network: usize = "512", |text| parse::whole(text, 0, 1_000_000).map(|n| n as usize), "0 to 1000000", Host, "64";
    /// Maximum memory of all requests and responses in progress. One network can use a quarter of it (an IPv6 /56 or /48 half), unless it is one of `TRUSTED_PROXIES`. Further requests are answered with 503.
    BODY_MEMORY_MIB body_memory: usize = "64", |text| parse::whole(text, 4, 65_536).map(|mib| (mib as usize) << 20), "MiB, 4 to 65536", Host, "32";
    /// Maximum number of requests in progress without a password hash, for each thread, and for each sign-in provider of those that can wait for it. Further requests are answered with 503.
    MAX_REQUESTS max_requests: usize = "512", |text| parse::whole(text, 1, 65_536).map(|n| n as usize), "1 to 65536", Host, "256";
    /// Maximum number of requests that wait for a password hash. Further requests are answered with 503.
    MAX_WAITING_HASHES max_waiting_hashes: usize = "128", |text| parse::whole(text, 1, 65_536).map(|n| n as usize), "1 to 65536", Host, "32";
}

impl HostConfig {
    /// Checks that an instance has enough memory for a new password hash, which needs `argon2_memory` KiB, and for the
    /// largest hash that an import accepts.
    ///
    /// # Errors
    /// It has not enough.
    pub fn check_memory(&self, argon2_memory: u32) -> Result<(), SettingError> {
        // The other memory of an instance, rounded up.
        const REST_KIB: u32 = 16 * 1024;
        // Freed memory that is too small for a hash can stay unused.
        let needed = argon2_memory + Parameters::MAX_MEMORY + REST_KIB;
        if self.instance_memory_mib * 1024 < u64::from(needed) {
            return Err(SettingError::Value {
                name: "INSTANCE_MEMORY_MIB",
                problem: format!(
                    "{} is too little for ARGON2_MEMORY_KIB {argon2_memory} and the largest imported hash, which need {} \
                     in total",
                    self.instance_memory_mib,
                    needed.div_ceil(1024)
                ),
                accepts: "at least 144 MiB more than ARGON2_MEMORY_KIB",
            });
        }
        Ok(())
    }

    /// Returns the address and password of the first superadmin.
    pub fn administrator(&self) -> Option<(&str, &str)> {
        self.admin_email
            .as_deref()
            .zip(self.admin_password.as_deref())
    }

    /// Returns a warning if only one of the two is set. It is not an error, because a password need not stay in the
    /// settings.
    pub fn half_administrator(&self) -> Option<&'static str> {
        match (&self.admin_email, &self.admin_password) {
            (Some(_), None) => Some(
                "ADMIN_EMAIL has no effect without ADMIN_PASSWORD; set both to create the first superadmin",
            ),
            (None, Some(_)) => Some(
                "ADMIN_PASSWORD has no effect without ADMIN_EMAIL; set both to create the first superadmin",
            ),
            _ => None,
        }
    }
}

/// Values by name. The first layer with a value wins.
#[derive(Clone)]
pub struct LayeredSettings {
    values: BTreeMap<String, String>,
    /// The layer of each value.
    origins: BTreeMap<String, String>,
}

impl LayeredSettings {
    /// Reads flags, then the environment, then `env_file` or `.env` in the current folder.
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
            for (name, value) in read_env_file(path)? {
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
        // A blank value counts as not set, and hides no other.
        let layers = environment.chain(flags);
        for (name, value, origin) in layers.filter(|(_, value, _)| !value.trim().is_empty()) {
            origins.insert(name.clone(), origin);
            values.insert(name, value);
        }
        Ok(Self { values, origins })
    }

    /// Returns the value of a setting. A blank value counts as not set.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.trim().is_empty())
    }

    /// Returns the names that have a value, also those that are not settings.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.values.keys().map(String::as_str);
        names.filter(|name| self.value(name).is_some())
    }

    /// Returns the layer of a setting's value, such as `in .env`.
    pub fn origin(&self, name: &str) -> Option<&str> {
        self.origins.get(name).map(String::as_str)
    }

    /// Sets these values unless a layer has one.
    #[must_use]
    pub fn or(mut self, values: &[(&str, &str)]) -> Self {
        for (name, value) in values {
            if self.value(name).is_none() {
                self.add(name, (*value).to_owned());
            }
        }
        self
    }

    /// Adds a value that no layer has.
    pub(crate) fn add(&mut self, name: &str, value: String) {
        self.values.insert(name.to_owned(), value);
    }

    /// Replaces the values of settings. `None` removes a value.
    pub(crate) fn replace(&mut self, values: &BTreeMap<&'static str, Option<String>>) {
        for (name, value) in values {
            match value {
                Some(value) => self.add(name, value.clone()),
                None => _ = self.values.remove(*name),
            }
        }
    }

    /// Reads the mail templates of a folder into their settings. A setting with a value keeps it.
    ///
    /// # Errors
    /// The folder can't be read, or contains a file that is not a template.
    pub fn read_templates(&mut self, folder: &str) -> Result<(), SettingError> {
        let refused = |problem| SettingError::Value {
            name: "MAIL_TEMPLATES",
            problem,
            accepts: "a folder that contains only mail templates; `gatewright mail preview` lists their names",
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

    /// Returns the settings of the host.
    ///
    /// # Errors
    /// The first whose value can't be used.
    pub fn host_config(&self) -> Result<HostConfig, SettingError> {
        ready(HostConfig::load(self))
    }

    /// Returns the settings of the log.
    ///
    /// # Errors
    /// The first whose value can't be used.
    pub fn log_config(&self) -> Result<LogConfig, SettingError> {
        ready(LogConfig::load(self))
    }

    /// Returns the settings of proxies.
    ///
    /// # Errors
    /// The first setting whose value can't be used.
    pub fn proxy_config(&self) -> Result<ProxyConfig, SettingError> {
        ready(ProxyConfig::load(self))
    }

    /// Returns the settings of addresses.
    ///
    /// # Errors
    /// The first setting whose value can't be used.
    pub fn web_config(&self) -> Result<WebConfig, SettingError> {
        ready(WebConfig::load(self))
    }

    /// Returns the settings of mail.
    ///
    /// # Errors
    /// The first whose value can't be used.
    pub fn mail_config(&self) -> Result<MailConfig, SettingError> {
        ready(MailConfig::from_settings(self, &[Provider::Smtp]))
    }

    /// Returns the SMTP mailer, or `None` for another provider.
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

    /// Returns the mail templates.
    ///
    /// # Errors
    /// The first template that can't be used.
    pub fn templates(&self) -> Result<Templates, SettingError> {
        let row = Config::TABLE.iter().find(|row| row.name == "PRODUCT_NAME");
        let product = self
            .value("PRODUCT_NAME")
            .or_else(|| row.and_then(|row| row.default));
        ready(Templates::load(self, product.unwrap_or_default()))
    }

    /// Returns the settings of the service.
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

/// Returns the names and values of a file such as `.env`.
///
/// # Errors
/// The file can't be read or is malformed.
pub(crate) fn read_env_file(path: &Path) -> Result<Vec<(String, String)>> {
    let entries =
        dotenvy::from_path_iter(path).with_context(|| format!("can't read {}", path.display()))?;
    let mut read: Vec<(String, String)> = Vec::new();
    for entry in entries {
        // Not the error's own text, because it quotes the line, which can contain a secret.
        let entry = entry.map_err(|_| {
            let place = match read.last() {
                Some((name, _)) => format!("after {name}"),
                None => "at its beginning".to_owned(),
            };
            anyhow::anyhow!(
                "{} is malformed {place}: each line must be NAME=value, with quotes around a value that contains blanks",
                path.display()
            )
        })?;
        read.push(entry);
    }
    Ok(read)
}

/// Returns the flag of a setting.
pub fn flag_name(setting: &str) -> String {
    format!("--{}", setting.to_ascii_lowercase().replace('_', "-"))
}

/// Returns the result of a future that never waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    futures::FutureExt::now_or_never(future).expect("values in memory are there at once")
}

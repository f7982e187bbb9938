//! What an operator can set: one table from which come parsing, defaults, checks and documentation.

use core::fmt::Write as _;
use core::ops::Deref;
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use crate::ip_block::IpBlock;
use crate::jose::Algorithm;
use crate::mail::Templates;
use crate::password::Parameters;
use crate::platform::{Level, Settings};
use crate::profile::ProfileFields;
use crate::secret::SecretKey;
use crate::session::Transport;
use crate::time::Timestamp;

/// One row of a table of settings, for documentation and command lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Name, in upper case with underscores.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// Which values are taken, as a phrase.
    pub accepts: &'static str,
    /// Value when it is not set; none: it has none.
    pub default: Option<&'static str>,
    /// True: its value is never printed.
    pub secret: bool,
}

/// A setting whose value can't be used. Says its name and the accepted form, and never a secret's value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The value has another form.
    #[error("{name}: {problem}; accepted: {accepts}")]
    Value {
        /// Name of the setting.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
        /// What would be right.
        accepts: &'static str,
    },
    /// The source of settings does not answer.
    #[error("settings can't be read: {0}")]
    Unavailable(String),
}

/// Declares a table of settings: a structure with a field for each, `TABLE` to document them, and `load`.
///
/// A row is `NAME field: Type = default, parser, "accepted form"`, with `secret` before the name where the
/// value must never be printed. The parser is a `fn(&str) -> Option<Type>`; the default `""` means "not set",
/// which the parser gets as an empty string.
#[macro_export]
macro_rules! settings {
    (
        $(#[$meta:meta])* $vis:vis struct $table:ident;
        $($(#[doc = $doc:literal])+ $name:ident $field:ident: $ty:ty = $default:literal, $parse:expr, $accepts:literal $(, $secret:ident)?;)+
    ) => {
        $(#[$meta])*
        #[derive(Clone)]
        $vis struct $table {
            $($(#[doc = $doc])+ pub $field: $ty,)+
        }

        impl $table {
            /// The settings, in the order of the documentation.
            pub const TABLE: &'static [$crate::config::Setting] = &[$($crate::config::Setting {
                name: stringify!($name),
                doc: concat!($($doc),+),
                accepts: $accepts,
                default: if $default.is_empty() { None } else { Some($default) },
                secret: $crate::settings!(@secret $($secret)?),
            }),+];

            /// Reads every setting. A value of blanks alone counts as not set.
            ///
            /// # Errors
            /// The first setting whose value can't be used.
            pub async fn load(settings: &impl $crate::Settings) -> Result<Self, $crate::config::SettingError> {
                Ok(Self {
                    $($field: {
                        let given = settings.get(stringify!($name)).await.map_err($crate::config::SettingError::Unavailable)?;
                        let text = given.as_deref().map(str::trim).filter(|text| !text.is_empty());
                        let parse: fn(&str) -> Option<$ty> = $parse;
                        parse(text.unwrap_or($default)).ok_or_else(|| $crate::config::SettingError::Value {
                            name: stringify!($name),
                            problem: match text {
                                None => "not set".to_owned(),
                                Some(_) if $crate::settings!(@secret $($secret)?) => "the value is not accepted".to_owned(),
                                Some(text) => format!("{text:?} is not accepted"),
                            },
                            accepts: $accepts,
                        })?
                    },)+
                })
            }
        }
    };
    (@secret secret) => { true };
    (@secret) => { false };
}

settings! {
    /// The settings of [`Config`] with a value each.
    pub struct Values;

    /// Protects private keys and other secrets at rest. Losing it means losing them; changing it makes stored keys unreadable.
    SECRET_KEY secret_key: SecretKey = "", |text| SecretKey::new(text.as_bytes()), "at least 32 bytes", secret;
    /// Signs access tokens when `JWT_ALGORITHM` is HS256, HS384 or HS512.
    JWT_SECRET jwt_secret: Option<SecretKey> = "", |text| if text.is_empty() { Some(None) } else { SecretKey::new(text.as_bytes()).map(Some) }, "at least 32 bytes, 48 for HS384, 64 for HS512", secret;
    /// Algorithm of access tokens. With EdDSA and ES256 the key pair is made at first use and the public half is served at /.well-known/jwks.json.
    JWT_ALGORITHM jwt_algorithm: Algorithm = "EdDSA", |text| Algorithm::parse(text).filter(|algorithm| algorithm.can_sign()), "EdDSA, ES256, HS256, HS384 or HS512";
    /// Where people reach the service, without a trailing slash. Links in mails and the default issuer come from it, never from a request's Host header.
    PUBLIC_BASE_URL public_base_url: String = "http://localhost:8080", parse::base_url, "an http or https URL without path, query and fragment";
    /// How the service calls itself in mail.
    PRODUCT_NAME product_name: String = "Gatewright", parse::name, "1 to 64 characters, no control characters";
    /// Where links in mail lead: your own pages at the same paths (`/verify`, `/reset-password`, …); `PUBLIC_BASE_URL` when not set.
    FRONTEND_URL frontend_url: Option<String> = "", |text| if text.is_empty() { Some(None) } else { parse::base_url(text).map(Some) }, "an http or https URL without path, query and fragment";
    /// `iss` of access tokens; `PUBLIC_BASE_URL` when not set.
    JWT_ISSUER jwt_issuer: Option<String> = "", parse::optional, "text";
    /// `aud` of access tokens; the issuer when not set.
    JWT_AUDIENCE jwt_audience: Option<String> = "", parse::optional, "text";
    /// Life of an access token.
    ACCESS_TOKEN_EXPIRE_MINUTES access_token_life: Duration = "15", |text| parse::whole(text, 1, 1440).map(|n| Duration::from_secs(n * 60)), "minutes, 1 to 1440";
    /// Life of a refresh token; each refresh hands out a new one, up to the end of the session.
    REFRESH_TOKEN_EXPIRE_DAYS refresh_token_life: Duration = "7", |text| parse::whole(text, 1, 365).map(|n| Duration::from_secs(n * 86_400)), "days, 1 to 365";
    /// For how long after a refresh the old token still gets the same answer, so that two tabs don't sign a person out.
    REFRESH_TOKEN_GRACE_SECONDS refresh_token_grace: Duration = "10", |text| parse::whole(text, 0, 300).map(Duration::from_secs), "seconds, 0 to 300";
    /// Life of a session, however often it is refreshed.
    SESSION_EXPIRE_DAYS session_life: Duration = "30", |text| parse::whole(text, 1, 3650).map(|n| Duration::from_secs(n * 86_400)), "days, 1 to 3650";
    /// Whether signing in ends all other sessions of the person.
    SINGLE_SESSION single_session: bool = "false", parse::boolean, "true or false";
    /// Whether registering signs in at once.
    REGISTER_AUTO_LOGIN register_auto_login: bool = "true", parse::boolean, "true or false";
    /// What carries a session when a login does not say: `jwt`, `session` (an opaque token), or a cookie that holds one of the two.
    SESSION_TRANSPORT session_transport: Transport = "jwt", Transport::parse, "jwt, session, cookie or jwt_cookie";
    /// How long a session of an opaque token lasts without being used.
    SESSION_IDLE_MINUTES session_idle: Duration = "10080", |text| parse::whole(text, 5, 525_600).map(|n| Duration::from_secs(n * 60)), "minutes, 5 to 525600";
    /// Whether cookies are sent over HTTPS alone; without it they lose the `__Host-` of their names, and anybody on the way can read them.
    COOKIE_SECURE cookie_secure: bool = "true", parse::boolean, "true or false";
    /// Domain of the cookies, to share them with its subdomains; this host alone when not set.
    COOKIE_DOMAIN cookie_domain: Option<String> = "", |text| parse::domain(text), "a domain name";
    /// Whether nobody signs in before he has proved to receive mail at his address. Registering then says nothing of addresses that are taken.
    REQUIRE_EMAIL_VERIFICATION require_email_verification: bool = "false", parse::boolean, "true or false";
    /// Whether the link that verifies an address also takes the password or a session, so that nobody verifies an account that a stranger made with his address.
    VERIFY_NEEDS_PASSWORD verify_needs_password: bool = "true", parse::boolean, "true or false";
    /// Life of links that verify an address.
    VERIFY_TOKEN_TTL verify_token_life: Duration = "86400", |text| parse::whole(text, 300, 2_592_000).map(Duration::from_secs), "seconds, 300 to 2592000";
    /// Life of links that reset a password.
    RESET_TOKEN_TTL reset_token_life: Duration = "3600", |text| parse::whole(text, 300, 86_400).map(Duration::from_secs), "seconds, 300 to 86400";
    /// How authenticator apps call the service; `PRODUCT_NAME` when not set.
    TOTP_ISSUER totp_issuer: Option<String> = "", |text| if text.is_empty() { Some(None) } else { parse::name(text).map(Some) }, "1 to 64 characters, no control characters";
    /// Extra fields of a user: a JSON list of `{"name": …, "type": "string", "integer", "number" or "boolean", "required": …, "max_length": …, "editable_by": "user" or "admin"}`.
    PROFILE_FIELDS profile_fields: ProfileFields = "[]", ProfileFields::parse, "a JSON list of declarations";
    /// Whether the paths of fastapi-users and other systems are served besides our own.
    COMPATIBILITY_ROUTES compatibility_routes: bool = "true", parse::boolean, "true or false";
    /// Fewest characters of a password.
    PASSWORD_MIN_LENGTH password_min_length: usize = "8", |text| parse::whole(text, 8, 64).map(|n| n as usize), "characters, 8 to 64";
    /// Most characters of a password.
    PASSWORD_MAX_LENGTH password_max_length: usize = "128", |text| parse::whole(text, 64, 1024).map(|n| n as usize), "characters, 64 to 1024";
    /// Service that lists breached passwords, asked for each that a person chooses by the first five digits of its SHA-1, which are appended to this: `https://api.pwnedpasswords.com/range/`. None when not set.
    BREACH_CHECK_URL breach_check_url: Option<String> = "", |text| if text.is_empty() { Some(None) } else { parse::url_prefix(text).map(Some) }, "an http or https URL that ends with /";
    /// Whether no password can be chosen while that service does not answer; otherwise they are taken then, with a warning in the log.
    BREACH_CHECK_REQUIRED breach_check_required: bool = "false", parse::boolean, "true or false";
    /// Memory of a password hash (Argon2id), freshly hashed passwords only.
    ARGON2_MEMORY_KIB argon2_memory: u32 = "19456", |text| parse::whole(text, 8, u64::from(Parameters::MAX_MEMORY)).map(|n| n as u32), "KiB, 8 to 131072, and to 65536 on Workers";
    /// Passes over that memory.
    ARGON2_ITERATIONS argon2_iterations: u32 = "2", |text| parse::whole(text, 1, u64::from(Parameters::MAX_ITERATIONS)).map(|n| n as u32), "1 to 64";
    /// Lanes of that memory.
    ARGON2_PARALLELISM argon2_parallelism: u32 = "1", |text| parse::whole(text, 1, u64::from(Parameters::MAX_PARALLELISM)).map(|n| n as u32), "1 to 16";
    /// Most time that verifying a password hash of another system may take, as its parameters tell; an import refuses others.
    IMPORT_HASH_MILLISECONDS import_hash_milliseconds: u32 = "2000", |text| parse::whole(text, 1, 25_000).map(|n| n as u32), "milliseconds, 1 to 25000";
    /// Password hashes that all instances together begin within a second, before further ones are refused with 503, where nothing else bounds how many there are at once (Spin). Work that takes as much time or memory as several of the default cost counts as so many, such as a login after an import of costly hashes; 0 for no limit.
    HASHES_PER_SECOND hashes_per_second: u64 = "0", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000";
    /// Length of the windows in which attempts and requests for mails are counted.
    LIMIT_WINDOW_MINUTES limit_window: Duration = "15", |text| parse::whole(text, 1, 1440).map(|n| Duration::from_secs(n * 60)), "minutes, 1 to 1440";
    /// Password attempts, right or wrong, at one address or user name from one network (IPv4: an address; IPv6: a /64, twice as many from a /56, four times as many from a /48) within a window before further ones are refused, and as many from each device that signed in to the account before; 0 for no limit.
    LOGIN_ATTEMPTS_PER_ACCOUNT login_attempts_per_account: u64 = "20", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000";
    /// The same from everywhere together. It does not bind devices that signed in before, and networks that a session of the account began in. Ten times `LOGIN_ATTEMPTS_PER_ACCOUNT` when not set; 0 for no limit.
    LOGIN_ATTEMPTS_PER_ACCOUNT_EVERYWHERE login_attempts_per_account_everywhere: Option<u64> = "", |text| parse::optional_whole(text, 0, 1_000_000), "0 to 1000000";
    /// Password attempts and registrations from one network, whatever the names, within a window before further ones are refused, and as many codes of a second factor; ten times as many registrations, changes of profiles and set-ups of a second factor in a day, each apart; 0 for no limit.
    LOGIN_ATTEMPTS_PER_IP login_attempts_per_ip: u64 = "200", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000";
    /// Codes of a second factor that may be tried at one account within a window.
    MFA_ATTEMPTS_PER_ACCOUNT mfa_attempts_per_account: u64 = "10", |text| parse::whole(text, 1, 1000), "1 to 1000";
    /// Passwords that may be tried with the links to a new one of an account within a window.
    RESET_ATTEMPTS_PER_ACCOUNT reset_attempts_per_account: u64 = "10", |text| parse::whole(text, 1, 1000), "1 to 1000";
    /// Requests from one network for one kind of mail (another verification, a new password, a new address) to one address within a window before further ones are refused; 0 for no limit.
    MAILS_PER_ADDRESS mails_per_address: u64 = "5", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000";
    /// Mails of one kind that are sent to one address within a window, whoever asks; further requests get their usual answer and send nothing. Four times `MAILS_PER_ADDRESS` when not set; 0 for no limit.
    MAILS_PER_ADDRESS_EVERYWHERE mails_per_address_everywhere: Option<u64> = "", |text| parse::optional_whole(text, 0, 1_000_000), "0 to 1000000";
    /// Requests from one network for one kind of mail within a window, whatever the addresses, before further ones are refused. Ten times `MAILS_PER_ADDRESS` when not set; 0 for no limit.
    MAILS_PER_IP mails_per_ip: Option<u64> = "", |text| parse::optional_whole(text, 0, 1_000_000), "0 to 1000000";
    /// Sign-ins of one user with the right password within a window, and ten times as many in a day, before further ones are refused; 0 for no limit.
    SIGN_INS_PER_USER sign_ins_per_user: u64 = "100", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000";
    /// Changes that one user makes to the profile within a window, and ten times as many in a day, before further ones are refused; as many uses of the password within sessions, and of setting up a second factor; 0 for no limit.
    CHANGES_PER_USER changes_per_user: u64 = "60", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000";
    /// Refreshes of one session within a window before further ones are refused; 0 for no limit.
    REFRESHES_PER_SESSION refreshes_per_session: u64 = "120", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000";
    /// What `POST /setup` takes to make the first administrator, once; without it there is no such route.
    SETUP_TOKEN setup_token: Option<SecretKey> = "", |text| if text.is_empty() { Some(None) } else { SecretKey::new(text.as_bytes()).map(Some) }, "at least 32 bytes", secret;
    /// Bearer token that `GET /metrics` takes; without it there is no such route.
    METRICS_TOKEN metrics_token: Option<SecretKey> = "", |text| if text.is_empty() { Some(None) } else { SecretKey::new(text.as_bytes()).map(Some) }, "at least 32 bytes", secret;
    /// Life of a session in which an administrator acts as a user.
    IMPERSONATION_MINUTES impersonation_life: Duration = "15", |text| parse::whole(text, 1, 60).map(|n| Duration::from_secs(n * 60)), "minutes, 1 to 60";
    /// Origins whose pages may call the API from a browser.
    CORS_ORIGINS cors_origins: Vec<String> = "", parse::origins, "origins separated by commas, such as https://app.example.com";
}

/// Everything an operator can set about the service, the same on every host.
#[derive(Clone)]
pub struct Config {
    values: Values,
    /// What stands in front of the service, on hosts where clients connect to a socket.
    pub proxies: ProxyConfig,
    /// What mail says, with the operator's own templates.
    pub templates: Arc<Templates>,
    /// The settings that are no secret and were given a value, with it.
    pub given: BTreeMap<&'static str, String>,
}

impl Deref for Config {
    type Target = Values;

    fn deref(&self) -> &Values {
        &self.values
    }
}

/// Settings that remember what they were asked for and is no secret.
struct Heard<'a, S> {
    settings: &'a S,
    values: Mutex<BTreeMap<&'static str, String>>,
}

impl<S: Settings> Settings for Heard<'_, S> {
    async fn get(&self, name: &str) -> Result<Option<String>, String> {
        let value = self.settings.get(name).await?;
        let plain = |setting: &&Setting| setting.name == name && !setting.secret;
        let given = value.as_deref().filter(|text| !text.trim().is_empty());
        let tables = [Values::TABLE, ProxyConfig::TABLE, RetentionConfig::TABLE];
        let mut known = tables.into_iter().flatten();
        if let (Some(setting), Some(text)) = (known.find(plain), given) {
            let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
            values.insert(setting.name, text.to_owned());
        }
        Ok(value)
    }
}

impl Config {
    /// The settings with a value each, in the order of the documentation. Those of
    /// [templates](Templates::built_in) come besides.
    pub const TABLE: &'static [Setting] = Values::TABLE;

    /// Reads every setting and checks those that depend on each other.
    ///
    /// # Errors
    /// The first setting whose value can't be used.
    pub async fn from_settings(settings: &impl Settings) -> Result<Self, SettingError> {
        let heard = Heard {
            settings,
            values: Mutex::default(),
        };
        let config = Values::load(&heard).await?;
        if let Some(needed) = config.jwt_algorithm.min_secret_len()
            && config
                .jwt_secret
                .as_ref()
                .is_none_or(|secret| secret.len() < needed)
        {
            return Err(SettingError::Value {
                name: "JWT_SECRET",
                problem: format!(
                    "JWT_ALGORITHM {} needs {needed} bytes",
                    config.jwt_algorithm.as_str()
                ),
                accepts: "at least 32 bytes, 48 for HS384, 64 for HS512",
            });
        }
        if Parameters::new(
            config.argon2_memory,
            config.argon2_iterations,
            config.argon2_parallelism,
        )
        .is_none()
        {
            return Err(SettingError::Value {
                name: "ARGON2_MEMORY_KIB",
                problem: format!("too little for {} lanes", config.argon2_parallelism),
                accepts: "at least 8 KiB for each of ARGON2_PARALLELISM lanes",
            });
        }
        let proxies = ProxyConfig::load(&heard).await?;
        // Kept by the host; a value that it can't use is told at the start, too.
        RetentionConfig::load(&heard).await?;
        let templates = Templates::load(settings, &config.product_name).await?;
        Ok(Self {
            values: config,
            proxies,
            templates: Arc::new(templates),
            given: heard.values.into_inner().unwrap_or_default(),
        })
    }

    /// The secret that signs access tokens; none when a key pair does.
    pub(crate) fn jwt_secret_key(&self) -> Option<&SecretKey> {
        self.jwt_algorithm
            .min_secret_len()
            .and(self.jwt_secret.as_ref())
    }

    /// How many passwords may be tried at one name from everywhere; 0: any number.
    pub(crate) fn login_attempts_everywhere(&self) -> u64 {
        self.values
            .login_attempts_per_account_everywhere
            .unwrap_or(self.login_attempts_per_account * 10)
    }

    /// How many mails of one kind are sent to one address, whoever asks; 0: any number.
    pub(crate) fn mails_per_address_everywhere(&self) -> u64 {
        self.values
            .mails_per_address_everywhere
            .unwrap_or(self.mails_per_address * 4)
    }

    /// How many mails of one kind one network may ask for; 0: any number.
    pub(crate) fn mails_per_ip(&self) -> u64 {
        self.values
            .mails_per_ip
            .unwrap_or(self.mails_per_address * 10)
    }

    /// Where links in mail lead.
    pub fn frontend(&self) -> &str {
        self.frontend_url
            .as_deref()
            .unwrap_or(&self.public_base_url)
    }

    /// How authenticator apps call the service.
    pub fn totp_issuer(&self) -> &str {
        self.totp_issuer.as_deref().unwrap_or(&self.product_name)
    }

    /// `iss` of access tokens.
    pub fn issuer(&self) -> &str {
        self.jwt_issuer.as_deref().unwrap_or(&self.public_base_url)
    }

    /// `aud` of access tokens.
    pub fn audience(&self) -> &str {
        self.jwt_audience
            .as_deref()
            .unwrap_or_else(|| self.issuer())
    }
}

settings! {
    /// Which proxies stand in front of the service. Workers ignore it, as Cloudflare says who the client is.
    pub struct ProxyConfig;

    /// Proxies in front of the service. Only a header that comes from them, through nothing but them, says who the client is. Without it the peer of the connection is the client.
    TRUSTED_PROXIES trusted: Vec<IpBlock> = "", IpBlock::parse_list, "IP addresses and CIDR blocks separated by commas, such as 10.0.0.0/8, 2001:db8::1";
    /// Header by which those proxies name the client: `x-forwarded-for`, `forwarded` (RFC 7239), or another one that holds a single address, such as `x-real-ip`.
    PROXY_HEADER header: String = "x-forwarded-for", parse::header_name, "the name of a header";
}

settings! {
    /// For how long storage keeps what has happened, the same on every host.
    pub struct RetentionConfig;

    /// How long events of the audit log are kept; 0 for ever.
    AUDIT_RETENTION_DAYS audit: Option<Duration> = "365", |text| parse::whole(text, 0, 36_500).map(|days| (days > 0).then(|| Duration::from_secs(days * 86_400))), "days, 0 to 36500";
}

settings! {
    /// What an operator can set about the log, the same on every host.
    pub struct LogConfig;

    /// Which log lines are written.
    LOG_LEVEL level: Level = "info", Level::parse, "error, warn, info or debug";
    /// Whether log lines are JSON.
    LOG_JSON json: bool = "false", parse::boolean, "true or false";
}

impl LogConfig {
    /// The text of a log line; none when lines of that level are not written. `time` is left out where a platform
    /// writes it by itself.
    pub fn line(
        &self,
        time: Option<Timestamp>,
        level: Level,
        message: &str,
        fields: &[(&str, &str)],
    ) -> Option<String> {
        if level < self.level {
            return None;
        }
        if self.json {
            let fields: Map<_, _> = fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
                .collect();
            let mut line = json!({"level": level.as_str(), "message": message, "fields": fields});
            if let Some(time) = time {
                line["timestamp"] = time.to_string().into();
            }
            return Some(line.to_string());
        }
        let mut line = time.map(|time| format!("{time} ")).unwrap_or_default();
        let _ = write!(line, "{:5} {message}", level.as_str());
        for (name, value) in fields {
            // In quotes and escaped: a value can't begin a line of its own.
            let _ = write!(line, " {name}={value:?}");
        }
        Some(line)
    }
}

/// Parsers of values, for tables of settings.
pub mod parse {
    /// A whole number from `min` to `max`.
    pub fn whole(text: &str, min: u64, max: u64) -> Option<u64> {
        text.parse()
            .ok()
            .filter(|number| (min..=max).contains(number))
    }

    /// The same, or none when empty.
    pub fn optional_whole(text: &str, min: u64, max: u64) -> Option<Option<u64>> {
        if text.is_empty() {
            return Some(None);
        }
        whole(text, min, max).map(Some)
    }

    /// `true` or `false`, in any letter case, or `1` or `0`.
    pub fn boolean(text: &str) -> Option<bool> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    /// Any text, or none when empty.
    pub fn optional(text: &str) -> Option<Option<String>> {
        Some((!text.is_empty()).then(|| text.to_owned()))
    }

    /// A name to show: 1 to 64 characters, none of them a control character.
    pub fn name(text: &str) -> Option<String> {
        let fits = (1..=64).contains(&text.chars().count()) && !text.contains(char::is_control);
        fits.then(|| text.to_owned())
    }

    /// Scheme and authority of an http or https URL, without a trailing slash.
    pub fn base_url(text: &str) -> Option<String> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let authority = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))?;
        let allowed =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        (!authority.is_empty() && authority.chars().all(allowed)).then(|| text.to_ascii_lowercase())
    }

    /// An http or https URL to append to.
    pub fn url_prefix(text: &str) -> Option<String> {
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))?;
        let allowed = |c: char| c.is_ascii_graphic() && !matches!(c, '@' | '#' | '"' | '<' | '>');
        let fits = rest.len() > 1 && rest.ends_with('/') && rest.chars().all(allowed);
        fits.then(|| text.to_owned())
    }

    /// A domain name, or none when empty.
    pub fn domain(text: &str) -> Option<Option<String>> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let plain = text.chars().all(allowed) && !text.starts_with(['.', '-']);
        plain.then(|| (!text.is_empty()).then(|| text.to_ascii_lowercase()))
    }

    /// The name of a header (RFC 9110 section 5.1), in lower case.
    pub fn header_name(text: &str) -> Option<String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let fits = !text.is_empty() && text.chars().all(allowed);
        fits.then(|| text.to_ascii_lowercase())
    }

    /// Origins separated by commas; an empty text is an empty list.
    pub fn origins(text: &str) -> Option<Vec<String>> {
        text.split(',')
            .map(str::trim)
            .filter(|origin| !origin.is_empty())
            .map(base_url)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use core::future::Future;
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};
    use std::collections::BTreeMap;

    use super::*;

    struct Given(BTreeMap<&'static str, &'static str>);

    impl Settings for Given {
        async fn get(&self, name: &str) -> Result<Option<String>, String> {
            Ok(self.0.get(name).map(|value| (*value).to_owned()))
        }
    }

    fn load(values: &[(&'static str, &'static str)]) -> Result<Config, SettingError> {
        let map = Given(values.iter().copied().collect());
        match pin!(Config::from_settings(&map)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(config) => config,
            Poll::Pending => unreachable!("a map answers at once"),
        }
    }

    const KEY: (&str, &str) = ("SECRET_KEY", "0123456789abcdef0123456789abcdef");

    #[test]
    fn every_default_is_accepted() {
        let config = load(&[KEY])
            .map_err(|error| error.to_string())
            .ok()
            .unwrap();
        assert_eq!(config.issuer(), "http://localhost:8080");
        assert_eq!(config.audience(), config.issuer());
        assert_eq!(config.access_token_life, Duration::from_secs(900));
    }

    #[test]
    fn a_bad_value_names_itself_and_the_accepted_form() {
        let message = |values: &[_]| load(values).err().unwrap().to_string();
        assert_eq!(
            message(&[]),
            "SECRET_KEY: not set; accepted: at least 32 bytes"
        );
        assert_eq!(
            message(&[KEY, ("ACCESS_TOKEN_EXPIRE_MINUTES", "soon")]),
            "ACCESS_TOKEN_EXPIRE_MINUTES: \"soon\" is not accepted; accepted: minutes, 1 to 1440"
        );
        assert!(message(&[KEY, ("JWT_ALGORITHM", "none")]).starts_with("JWT_ALGORITHM: \"none\""));
        assert!(
            message(&[KEY, ("JWT_ALGORITHM", "RS256")]).starts_with("JWT_ALGORITHM: \"RS256\"")
        );
        assert!(
            message(&[KEY, ("JWT_ALGORITHM", "HS256")])
                .starts_with("JWT_SECRET: JWT_ALGORITHM HS256 needs 32")
        );
        assert!(message(&[KEY, ("CORS_ORIGINS", "*")]).starts_with("CORS_ORIGINS"));
        assert!(message(&[KEY, ("TRUSTED_PROXIES", "10.0.0.0/33")]).starts_with("TRUSTED_PROXIES"));
        assert!(message(&[KEY, ("PROXY_HEADER", "x real ip")]).starts_with("PROXY_HEADER"));
        let long = "a name of more than sixty-four characters, which is too long to show";
        assert!(message(&[KEY, ("PRODUCT_NAME", long)]).starts_with("PRODUCT_NAME"));
        assert!(message(&[KEY, ("PRODUCT_NAME", "a\nb")]).starts_with("PRODUCT_NAME"));
        assert!(
            message(&[KEY, ("MAIL_LAYOUT_HTML", "{% if %}")])
                .starts_with("MAIL_LAYOUT_HTML: line 1")
        );
    }

    #[test]
    fn a_secrets_value_is_never_printed() {
        let message = load(&[("SECRET_KEY", "short-but-secret")])
            .err()
            .unwrap()
            .to_string();
        assert!(!message.contains("short-but-secret"), "{message}");
    }

    #[test]
    fn a_value_cannot_begin_a_log_line_of_its_own() {
        let text = LogConfig {
            level: Level::Info,
            json: false,
        };
        let line = |log: &LogConfig, time, level| {
            log.line(time, level, "refused", &[("cause", "a \"b\"\nINFO c")])
        };
        assert_eq!(
            line(&text, None, Level::Warn).unwrap(),
            r#"WARN  refused cause="a \"b\"\nINFO c""#
        );
        assert_eq!(line(&text, None, Level::Debug), None);
        let json = LogConfig { json: true, ..text };
        let time = Some(Timestamp::from_millis(0));
        assert_eq!(
            line(&json, time, Level::Info).unwrap(),
            r#"{"fields":{"cause":"a \"b\"\nINFO c"},"level":"INFO","message":"refused","timestamp":"1970-01-01T00:00:00Z"}"#
        );
    }
}

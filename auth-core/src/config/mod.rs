//! The settings: one table from which parsing, defaults, checks and documentation are derived.

mod federation;
mod log;
pub mod parse;
mod proxy;
mod retention;
pub(crate) mod setting;
mod values;
mod web;

use core::ops::Deref;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use self::federation::lasting;
use crate::mail::templates::Templates;
use crate::password::parameters::Parameters;
use crate::platform::Settings;
use crate::secret::SecretKey;

pub(crate) use federation::is_provider_name;
pub use federation::{FederationConfig, FederationValues};
pub use log::LogConfig;
pub use proxy::ProxyConfig;
pub use retention::RetentionConfig;
pub use setting::{Group, HostKind, Setting, SettingError, without_password};
pub use values::Values;
pub use web::WebConfig;

/// The settings of the service, the same on every host.
#[derive(Clone)]
pub struct Config {
    values: Values,
    /// Addresses of the service, and of the pages that use it.
    pub web: WebConfig,
    /// Proxies in front of the service, on hosts where clients connect to a socket.
    pub proxies: ProxyConfig,
    /// The providers whose accounts users can sign in with.
    pub(crate) federation: Arc<FederationConfig>,
    /// Mail templates, including the operator's own.
    pub templates: Arc<Templates>,
    /// Values of the settings that are given and not secret.
    pub given: BTreeMap<&'static str, String>,
}

impl Deref for Config {
    type Target = Values;

    fn deref(&self) -> &Values {
        &self.values
    }
}

/// Settings that remember the values that are read and not secret.
struct Heard<'a, S> {
    settings: &'a S,
    values: Mutex<BTreeMap<&'static str, String>>,
}

impl<S: Settings> Settings for Heard<'_, S> {
    async fn get(&self, name: &str) -> Result<Option<String>, String> {
        let value = self.settings.get(name).await?;
        let given = value.as_deref().filter(|text| !text.trim().is_empty());
        let tables = [
            Values::TABLE,
            WebConfig::TABLE,
            ProxyConfig::TABLE,
            RetentionConfig::TABLE,
        ];
        let known = tables.into_iter().flatten().find(|row| row.name == name);
        let known = known.or_else(|| FederationConfig::row(name));
        if let (Some(setting), Some(text)) = (known.filter(|row| !row.secret), given) {
            // A row can stand for the settings of several providers.
            let name = if setting.name == name {
                setting.name
            } else {
                lasting(name)
            };
            let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
            values.insert(name, text.to_owned());
        }
        Ok(value)
    }
}

impl Config {
    /// The settings with one value each, in the order of the documentation. Those of
    /// [templates](Templates::built_in) are not included.
    pub const TABLE: &'static [Setting] = Values::TABLE;

    /// Reads every setting, and checks those that depend on each other.
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
                problem: format!("too small for {} lanes", config.argon2_parallelism),
                accepts: "at least 8 KiB for each of ARGON2_PARALLELISM lanes",
            });
        }
        let web = WebConfig::load(&heard).await?;
        if let Some(domain) = &config.cookie_domain
            && !web.takes_cookies_of(domain)
        {
            return Err(SettingError::Value {
                name: "COOKIE_DOMAIN",
                problem: format!(
                    "browsers reject a cookie for {domain} from PUBLIC_BASE_URL {}",
                    web.public_base_url
                ),
                accepts: "the host of PUBLIC_BASE_URL, or a parent domain of it",
            });
        }
        let proxies = ProxyConfig::load(&heard).await?;
        // Used by the host; loaded here so that a value that it can't use is reported at startup.
        RetentionConfig::load(&heard).await?;
        let federation = FederationConfig::load(&heard).await?;
        let map = &federation.values.profile;
        if let Some(field) = map.undeclared(&config.profile_fields) {
            return Err(SettingError::Value {
                name: "OAUTH_PROFILE",
                problem: format!("PROFILE_FIELDS declares no field {field:?} of the type string"),
                accepts: "a JSON object of declared profile fields, each with name, username, picture or locale",
            });
        }
        let templates = Templates::load(settings, &config.product_name).await?;
        Ok(Self {
            values: config,
            web,
            proxies,
            federation: Arc::new(federation),
            templates: Arc::new(templates),
            given: heard.values.into_inner().unwrap_or_default(),
        })
    }

    /// Returns the origins to which requests to the configured providers go, such as `https://login.example.com:8443`,
    /// each once and in order.
    pub fn outbound_origins(&self) -> Vec<String> {
        self.federation.outbound_origins().into_iter().collect()
    }

    /// Returns the names of the configured providers.
    pub fn provider_names(&self) -> Vec<String> {
        let registrations = self.federation.registrations.iter();
        registrations
            .map(|known| known.provider.id.clone())
            .collect()
    }

    /// Returns the secret that signs access tokens, or `None` if a key pair signs them.
    pub(crate) fn jwt_secret_key(&self) -> Option<&SecretKey> {
        self.jwt_algorithm
            .min_secret_len()
            .and(self.jwt_secret.as_ref())
    }

    /// Returns the limit of passwords that can be tried at one name from everywhere; 0 means no limit.
    pub(crate) fn login_attempts_everywhere(&self) -> u64 {
        self.values
            .login_attempts_per_account_everywhere
            .unwrap_or(self.login_attempts_per_account * 10)
    }

    /// Returns the limit of mails of one kind to one address, requested from everywhere; 0 means no limit.
    pub(crate) fn mails_per_address_everywhere(&self) -> u64 {
        self.values
            .mails_per_address_everywhere
            .unwrap_or(self.mails_per_address * 4)
    }

    /// Returns the limit of mails of one kind that one network can request; 0 means no limit.
    pub(crate) fn mails_per_ip(&self) -> u64 {
        self.values
            .mails_per_ip
            .unwrap_or(self.mails_per_address * 10)
    }

    /// Whether the OAuth 2.0 grant `password` is accepted.
    pub fn password_grant(&self) -> bool {
        self.values
            .password_grant
            .unwrap_or(self.compatibility_routes)
    }

    /// Returns the name of the service in authenticator apps.
    pub fn totp_issuer(&self) -> &str {
        self.totp_issuer.as_deref().unwrap_or(&self.product_name)
    }

    /// Returns `iss` of access tokens.
    pub fn issuer(&self) -> &str {
        self.jwt_issuer
            .as_deref()
            .unwrap_or(&self.web.public_base_url)
    }

    /// Returns `aud` of access tokens.
    pub fn audience(&self) -> &str {
        self.jwt_audience
            .as_deref()
            .unwrap_or_else(|| self.issuer())
    }

    /// Returns `aud` of access tokens of sessions that can only set up a second factor: other services refuse them.
    pub(crate) fn enrolment_audience(&self) -> String {
        format!("{}#enrolment", self.audience())
    }
}

#[cfg(test)]
mod tests {
    use core::future::Future;
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};
    use std::time::Duration;

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
        assert!(message(&[KEY, ("TOTP_ISSUER", "Acme: Login")]).starts_with("TOTP_ISSUER"));
        for base in [
            "https://example.org",
            "https://badexample.com",
            "http://192.0.2.1:80",
        ] {
            let settings = [
                KEY,
                ("COOKIE_DOMAIN", "example.com"),
                ("PUBLIC_BASE_URL", base),
            ];
            assert!(message(&settings).starts_with("COOKIE_DOMAIN: browsers reject"));
        }
        let settings = [
            ("COOKIE_DOMAIN", "com"),
            ("PUBLIC_BASE_URL", "https://a.com"),
        ];
        assert!(message(&[KEY, settings[0], settings[1]]).starts_with("COOKIE_DOMAIN"));
        assert!(
            message(&[KEY, ("MAIL_LAYOUT_HTML", "{% if %}")])
                .starts_with("MAIL_LAYOUT_HTML: line 1")
        );
    }

    /// V10.4.4: the password grant follows the paths of other systems, unless its own setting is given.
    #[test]
    fn the_password_grant_goes_with_the_compatible_paths() {
        let (paths, own) = ("COMPATIBILITY_ROUTES", "PASSWORD_GRANT");
        for (values, taken) in [
            (&[KEY][..], true),
            (&[KEY, (paths, "false")], false),
            (&[KEY, (paths, "false"), (own, "true")], true),
            (&[KEY, (own, "false")], false),
        ] {
            let config = load(values).map_err(|error| error.to_string());
            assert_eq!(config.ok().unwrap().password_grant(), taken, "{values:?}");
        }
    }

    /// The audit log has the settings that are not secret, also those of providers with names of their own.
    #[test]
    fn given_settings_are_kept_without_secrets() {
        let config = load(&[
            KEY,
            ("GITHUB_CLIENT_ID", "id"),
            ("GITHUB_CLIENT_SECRET", "geheim"),
            ("OIDC_PROVIDERS", "acme"),
            ("OIDC_ACME_ISSUER", "https://login.example.com"),
            ("OIDC_ACME_CLIENT_ID", "id"),
            ("OIDC_ACME_CLIENT_SECRET", "geheim"),
        ]);
        let given = config
            .map_err(|error| error.to_string())
            .ok()
            .unwrap()
            .given;
        let names: Vec<_> = given.keys().copied().collect();
        let wanted = [
            "GITHUB_CLIENT_ID",
            "OIDC_ACME_CLIENT_ID",
            "OIDC_ACME_ISSUER",
            "OIDC_PROVIDERS",
        ];
        assert_eq!(names, wanted);
    }

    #[test]
    fn a_secrets_value_is_never_printed() {
        let message = load(&[("SECRET_KEY", "short-but-secret")])
            .err()
            .unwrap()
            .to_string();
        assert!(!message.contains("short-but-secret"), "{message}");
    }
}

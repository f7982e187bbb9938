//! The documentation of a setting, and the macro that declares a table of settings.

use std::borrow::Cow;

/// One row of a table of settings, for documentation and command lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Name, in upper case with underscores.
    pub name: &'static str,
    /// Description.
    pub doc: &'static str,
    /// Accepted values, as a phrase.
    pub accepts: &'static str,
    /// Value when the setting is not set; `None` means that there is no default.
    pub default: Option<&'static str>,
    /// Whether the value is secret, and so never printed.
    pub secret: bool,
    /// The task that it belongs to.
    pub group: Group,
    /// A value that is accepted. For a secret it shows where a value comes from, and need not be one.
    pub example: &'static str,
    /// The hosts that have it, with this default.
    pub hosts: &'static [HostKind],
}

/// The task that a setting belongs to, in the order of the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The URLs and addresses under which the service is reached.
    Addresses,
    /// The database, and the secrets that protect it.
    Storage,
    /// Registration, verification and profiles of users.
    Accounts,
    /// Password rules, hashes and resets.
    Passwords,
    /// Sessions, and the tokens that carry them.
    Sessions,
    /// Second factors.
    SecondFactors,
    /// Sign-in with accounts of other providers.
    Providers,
    /// Delivery of e-mail.
    Mail,
    /// Rate limits.
    Limits,
    /// The first administrator, and what administrators do.
    Administration,
    /// Log lines and metrics.
    Logging,
    /// Memory, threads, connections and timeouts of the host.
    Host,
}

impl Group {
    /// Every group, in the order of the documentation.
    pub const ALL: [Self; 12] = [
        Self::Addresses,
        Self::Storage,
        Self::Accounts,
        Self::Passwords,
        Self::Sessions,
        Self::SecondFactors,
        Self::Providers,
        Self::Mail,
        Self::Limits,
        Self::Administration,
        Self::Logging,
        Self::Host,
    ];

    /// The heading of the group.
    pub fn title(self) -> &'static str {
        match self {
            Self::Addresses => "Addresses and URLs",
            Self::Storage => "Database and secrets",
            Self::Accounts => "Accounts",
            Self::Passwords => "Passwords",
            Self::Sessions => "Sessions and tokens",
            Self::SecondFactors => "Second factors",
            Self::Providers => "Sign-in with other providers",
            Self::Mail => "Mail",
            Self::Limits => "Limits",
            Self::Administration => "Administration",
            Self::Logging => "Logging and metrics",
            Self::Host => "Host",
        }
    }
}

/// A kind of host that the service runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostKind {
    /// The program `gatewright`.
    Native,
    /// Spin.
    Spin,
    /// A Cloudflare Worker.
    Worker,
}

impl HostKind {
    /// The name of the host in documentation.
    pub fn title(self) -> &'static str {
        match self {
            Self::Native => "native host",
            Self::Spin => "Spin",
            Self::Worker => "Cloudflare Worker",
        }
    }
}

/// A setting whose value can't be used. The message contains its name and the accepted values, never a secret's value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The value is not accepted.
    #[error("{name}: {problem}; accepted: {accepts}")]
    Value {
        /// Name of the setting.
        name: &'static str,
        /// Description of the problem.
        problem: String,
        /// Accepted values.
        accepts: &'static str,
    },
    /// The source of settings does not answer.
    #[error("settings can't be read: {0}")]
    Unavailable(String),
}

/// Returns a text as it can be shown: a password in a URL, before the host or as a parameter, is replaced by `…`. Nothing
/// is shown of a text that contains a password in another form.
pub fn without_password(text: &str) -> Cow<'_, str> {
    let is_scheme = |scheme: &str| {
        let mut bytes = scheme.bytes();
        bytes
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let scheme = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme));
    let Some((scheme, rest)) = scheme else {
        // Such as `host=db password=…`.
        return if text.to_ascii_lowercase().contains("password") {
            Cow::Borrowed("…")
        } else {
            Cow::Borrowed(text)
        };
    };
    // A wrong URL can have fewer slashes.
    let slashes = rest.len() - rest.trim_start_matches('/').len();
    let (slashes, rest) = rest.split_at(slashes);
    let mut shown = format!("{scheme}:{slashes}");
    // A password that should have been percent-encoded can contain any character, also the one that ends it.
    let place = match rest.rsplit_once('@') {
        Some((user, place)) => {
            let (user, hidden) = match user.split_once(':') {
                Some((user, _)) => (user, ":…"),
                // `USER:PASSWORD@HOST`, whose scheme was forgotten.
                None if slashes.is_empty() && !user.starts_with(' ') => ("", "…"),
                None => (user, ""),
            };
            shown.extend([user, hidden, "@"]);
            place
        }
        None => rest,
    };
    let (place, query) = place.split_once('?').unwrap_or((place, ""));
    shown.push_str(place);
    for (number, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        shown.push(if number == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((name, _)) if name.to_ascii_lowercase().contains("password") => {
                shown.extend([name, "=…"]);
            }
            _ => shown.push_str(pair),
        }
    }
    Cow::Owned(shown)
}

/// Declares a table of settings: a structure with a field for each, `TABLE` to document them, and `load`.
///
/// `struct Name on Native Spin Worker` names the hosts that have the table, by `HostKind`. A row is
/// `NAME field: Type = default, parser, "accepted values", Group, "example"`, followed by `, secret` if the value must never
/// be printed. The parser is a `fn(&str) -> Option<Type>`; the default `""` means "not set", which the parser gets as an
/// empty string.
#[macro_export]
macro_rules! settings {
    (
        $(#[$meta:meta])* $vis:vis struct $table:ident on $($host:ident)+;
        $($(#[doc = $doc:literal])+ $name:ident $field:ident: $ty:ty = $default:literal, $parse:expr, $accepts:literal, $group:ident, $example:literal $(, $secret:ident)?;)+
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
                group: $crate::config::Group::$group,
                example: $example,
                hosts: Self::HOSTS,
            }),+];

            const HOSTS: &'static [$crate::config::HostKind] = &[$($crate::config::HostKind::$host),+];

            /// Reads every setting. A value that consists only of blanks counts as not set.
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
                                Some(text) => format!("{:?} is not accepted", $crate::config::without_password(text)),
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

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        for (text, shown) in [
            (
                "postgresql://ada:pw@db:5432/auth",
                "postgresql://ada:…@db:5432/auth",
            ),
            ("mysql://ada:p@w/x?y@db/auth", "mysql://ada:…@db/auth"),
            ("postgres:/ada:pw@db/auth", "postgres:/ada:…@db/auth"),
            ("postgresql:ada:pw@db/auth", "postgresql:ada:…@db/auth"),
            (
                "postgresql://db/auth?user=ada&Password=pw&sslmode=require",
                "postgresql://db/auth?user=ada&Password=…&sslmode=require",
            ),
            ("postgresql://ada@db/auth", "postgresql://ada@db/auth"),
            ("sqlite:data/gatewright.db", "sqlite:data/gatewright.db"),
            ("https://example.com:8443/", "https://example.com:8443/"),
            ("Acme: <a@example.com>", "Acme: <a@example.com>"),
            (
                "postgresql+asyncpg://ada:pw@db/auth",
                "postgresql+asyncpg://ada:…@db/auth",
            ),
            ("Postgresql://ada:pw@db/auth", "Postgresql://ada:…@db/auth"),
            ("host=db user=ada password=pw", "…"),
            ("ada:pw@db/auth", "ada:…@db/auth"),
        ] {
            assert_eq!(without_password(text), shown);
        }
    }
}

//! The documentation of a setting, and the macro that declares a table of settings.

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

/// Declares a table of settings: a structure with a field for each, `TABLE` to document them, and `load`.
///
/// A row is `NAME field: Type = default, parser, "accepted values"`, followed by `, secret` if the value must never be
/// printed. The parser is a `fn(&str) -> Option<Type>`; the default `""` means "not set", which the parser gets as an
/// empty string.
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

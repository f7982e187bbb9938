//! The kinds of messages, and the built-in templates of each.

/// Declares the kinds of messages, with the files and settings of their templates.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident $name:literal $setting:literal;)+) => {
        /// The kind of a message.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum MailKind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl MailKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// Returns the name in [`Message::kind`](super::Message::kind).
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// Returns the kind with this name.
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$kind),)+
                    _ => None,
                }
            }

            /// Returns the templates of the text and HTML formats.
            pub(super) fn built_in(self) -> &'static [BuiltIn; 2] {
                match self {
                    $(Self::$kind => &[built_in!($name, ".txt", $setting, "_TEXT"), built_in!($name, ".html", $setting, "_HTML")],)+
                }
            }
        }
    };
}

macro_rules! built_in {
    ($name:literal, $extension:literal, $setting:literal, $format:literal) => {
        BuiltIn {
            setting: concat!("MAIL_", $setting, $format),
            file: concat!($name, $extension),
            source: include_str!(concat!("templates/", $name, $extension)),
        }
    };
}

/// The templates that the others extend and include.
pub(super) const SHARED: &[BuiltIn] = &[
    built_in!("layout", ".html", "LAYOUT", "_HTML"),
    built_in!("details", ".txt", "DETAILS", "_TEXT"),
    built_in!("details", ".html", "DETAILS", "_HTML"),
];

kinds! {
    /// A link to confirm the user's address.
    VerifyEmail "verify_email" "VERIFY_EMAIL";
    /// A notice that someone tried to register with an address that already has an account. The link leads to the login
    /// page.
    AccountExists "account_exists" "ACCOUNT_EXISTS";
    /// A notice that the address is verified, but someone else has the requested user name.
    UsernameTaken "username_taken" "USERNAME_TAKEN";
    /// A link to choose a new password.
    ResetPassword "reset_password" "RESET_PASSWORD";
    /// A link to choose a new password, after an administrator invalidated the old one.
    ResetRequired "reset_required" "RESET_REQUIRED";
    /// A notice that the password was changed.
    PasswordChanged "password_changed" "PASSWORD_CHANGED";
    /// A link to confirm a new address, sent to the new address.
    ChangeEmail "change_email" "CHANGE_EMAIL";
    /// A notice that the account's address is now `email`, with a link to undo the change. Sent to the old address.
    EmailChanged "email_changed" "EMAIL_CHANGED";
    /// A notice that the user name was changed.
    UsernameChanged "username_changed" "USERNAME_CHANGED";
    /// A notice that a second factor is now required, with a link to undo the change.
    MfaEnabled "mfa_enabled" "MFA_ENABLED";
    /// A notice that a second factor is no longer required.
    MfaDisabled "mfa_disabled" "MFA_DISABLED";
    /// A notice that a recovery code was used.
    RecoveryCodeUsed "recovery_code_used" "RECOVERY_CODE_USED";
    /// A notice that there are new recovery codes and the old ones are invalid.
    RecoveryCodesRegenerated "recovery_codes_regenerated" "RECOVERY_CODES_REGENERATED";
    /// A notice that an identity at a sign-in provider was linked.
    IdentityLinked "identity_linked" "IDENTITY_LINKED";
    /// A notice that an identity at a sign-in provider was unlinked.
    IdentityUnlinked "identity_unlinked" "IDENTITY_UNLINKED";
    /// A notice that a refresh token was used twice, and its session was ended.
    RefreshTokenReuse "refresh_token_reuse" "REFRESH_TOKEN_REUSE";
    /// A notice that new devices can't sign in for a while, after too many attempts.
    AccountLocked "account_locked" "ACCOUNT_LOCKED";
    /// An invitation to a new account, with a link to choose a password.
    Invitation "invitation" "INVITATION";
    /// A notice that the account was deleted.
    AccountDeleted "account_deleted" "ACCOUNT_DELETED";
}

/// A built-in template, and the setting that replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// The setting's name.
    pub setting: &'static str,
    /// The name by which templates extend and include it.
    pub file: &'static str,
    /// The template's source.
    pub source: &'static str,
}

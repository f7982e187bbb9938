//! What messages are about, and the built-in templates of each.

/// Declares the kinds of messages, with the files and settings of their templates.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident $name:literal $setting:literal;)+) => {
        /// What a message is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum MailKind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl MailKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// The name in [`Message::kind`](super::Message::kind).
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// The kind of that name.
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$kind),)+
                    _ => None,
                }
            }

            /// Text and HTML.
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

/// What the templates of kinds extend and include.
pub(super) const SHARED: &[BuiltIn] = &[
    built_in!("layout", ".html", "LAYOUT", "_HTML"),
    built_in!("details", ".txt", "DETAILS", "_TEXT"),
    built_in!("details", ".html", "DETAILS", "_HTML"),
];

kinds! {
    /// Confirm your address by the link.
    VerifyEmail "verify_email" "VERIFY_EMAIL";
    /// Somebody tried to register with your address, which has an account already; the link leads to signing in.
    AccountExists "account_exists" "ACCOUNT_EXISTS";
    /// Your address is verified, and somebody else has the user name that you registered with.
    UsernameTaken "username_taken" "USERNAME_TAKEN";
    /// Choose a new password by the link.
    ResetPassword "reset_password" "RESET_PASSWORD";
    /// An administrator made your password void; choose a new one by the link.
    ResetRequired "reset_required" "RESET_REQUIRED";
    /// Your password was changed.
    PasswordChanged "password_changed" "PASSWORD_CHANGED";
    /// Confirm your new address by the link; sent to the new one.
    ChangeEmail "change_email" "CHANGE_EMAIL";
    /// Your address is now `email`; the link undoes it. Sent to the old one.
    EmailChanged "email_changed" "EMAIL_CHANGED";
    /// Your user name was changed.
    UsernameChanged "username_changed" "USERNAME_CHANGED";
    /// A second factor is needed from now on; the link takes it back.
    MfaEnabled "mfa_enabled" "MFA_ENABLED";
    /// No second factor is needed any more.
    MfaDisabled "mfa_disabled" "MFA_DISABLED";
    /// Somebody signed in with a recovery code.
    RecoveryCodeUsed "recovery_code_used" "RECOVERY_CODE_USED";
    /// There are new recovery codes; the old ones are void.
    RecoveryCodesRegenerated "recovery_codes_regenerated" "RECOVERY_CODES_REGENERATED";
    /// A refresh token was used twice, and its session was ended.
    RefreshTokenReuse "refresh_token_reuse" "REFRESH_TOKEN_REUSE";
    /// New devices can't sign in for a while, after too many attempts.
    AccountLocked "account_locked" "ACCOUNT_LOCKED";
    /// An account was made for you; choose a password by the link.
    Invitation "invitation" "INVITATION";
    /// Farewell.
    AccountDeleted "account_deleted" "ACCOUNT_DELETED";
}

/// A template of Gatewright's own, and where to set another in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// Name of the setting.
    pub setting: &'static str,
    /// Name by which templates extend and include it.
    pub file: &'static str,
    /// The template.
    pub source: &'static str,
}

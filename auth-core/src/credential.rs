//! Credentials, by kind.

use crate::context::Context;
use crate::new_id::new_id;
use crate::platform::Platform;
use crate::storage::{Account, Credential};

/// The kinds of credentials, which are stored by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CredentialKind {
    /// A password, as its hash.
    Password,
    /// A TOTP key that is confirmed.
    Totp,
    /// A TOTP key that is not confirmed yet.
    TotpPending,
    /// A recovery code, as its digest.
    RecoveryCode,
    /// A mark that the account had a second factor that could no longer be undone when its owner disabled it.
    FormerTotp,
    /// The user name that is claimed when the address is proved.
    PendingUsername,
    /// A mark that nobody could ever use the account: a person of a provider has signed up, and must prove the address first.
    PendingSignUp,
}

/// The kinds of credentials that belong to a second factor.
pub(crate) const SECOND_FACTOR: [CredentialKind; 4] = [
    CredentialKind::Totp,
    CredentialKind::TotpPending,
    CredentialKind::RecoveryCode,
    CredentialKind::FormerTotp,
];

impl CredentialKind {
    /// Returns the name in storage.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Totp => "totp",
            Self::TotpPending => "totp_pending",
            Self::RecoveryCode => "recovery_code",
            Self::FormerTotp => "totp_former",
            Self::PendingUsername => "username_pending",
            Self::PendingSignUp => "sign_up_pending",
        }
    }

    /// Whether a stored credential is of this kind.
    pub(crate) fn matches(self, credential: &Credential) -> bool {
        credential.kind == self.as_str()
    }
}

/// Returns a new credential.
pub(crate) fn new_credential<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    kind: CredentialKind,
    secret: String,
) -> Credential {
    let now = context.now();
    Credential {
        id: new_id(&context.platform),
        user_id: user_id.to_owned(),
        kind: kind.as_str().to_owned(),
        secret,
        counter: None,
        label: None,
        created_at: now,
        updated_at: now,
        last_used_at: None,
    }
}

/// Returns an account's credentials of a kind.
pub(crate) fn credentials_of_kind(
    account: &Account,
    kind: CredentialKind,
) -> impl Iterator<Item = &Credential> {
    let credentials = account.credentials.iter();
    credentials.filter(move |credential| kind.matches(credential))
}

/// Returns an account's credential of a kind that occurs at most once.
pub(crate) fn credential_of_kind(account: &Account, kind: CredentialKind) -> Option<&Credential> {
    credentials_of_kind(account, kind).next()
}

/// Returns the identifier of an account's password.
pub(crate) fn password_id(account: &Account) -> Option<&str> {
    credential_of_kind(account, CredentialKind::Password).map(|credential| credential.id.as_str())
}

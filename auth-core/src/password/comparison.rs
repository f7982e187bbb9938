//! Password verification.

use crate::context::Context;
use crate::credential::{CredentialKind, credential_of_kind};
use crate::error::{Error, Result};
use crate::password::admission::admit_hash;
use crate::password::equal_work::{costliest, raise_costs};
use crate::password::policy;
use crate::platform::Platform;
use crate::sign_in::proof::Proof;
use crate::sign_in::verification::awaits_verification;
use crate::storage::{Account, Credential};

/// A correct password.
pub(crate) struct VerifiedPassword {
    /// The account that the password belongs to.
    pub(crate) account: Account,
    /// The stored credential.
    pub(crate) credential: Credential,
    /// The proof of identity.
    pub(crate) proof: Proof,
}

/// Verifies a password against an account's. The work is the same for every wrong password, and for the correct one of
/// an account whose address must be verified first. Returns `None` if the password is wrong, or there is no account, or
/// the account has no password.
pub(crate) async fn verify_password<P: Platform>(
    context: &Context<P>,
    account: Option<Account>,
    presented: &str,
) -> Result<Option<VerifiedPassword>> {
    let password = policy::normalize(presented);
    // Longer passwords can't be correct, and hashing them would let the sender choose our work.
    let too_long = password.chars().count() > context.config.password_max_length;
    // The weight is that of a wrong password, which is the same for every account, so that a refusal doesn't reveal
    // whether an account exists.
    let costliest = costliest(context).await?;
    admit_hash(context, costliest.each()).await?;
    let refused = account
        .as_ref()
        .is_some_and(|account| awaits_verification(&context.config, account));
    let found = account.and_then(with_password).filter(|_| !too_long);
    let stored = found
        .as_ref()
        .map(|(_, credential)| credential.secret.as_str());
    let compared = if too_long { "" } else { &password };
    let hasher = &context.hasher;
    let matches = hasher.compare(compared, stored, &costliest, refused);
    let matches = matches.map_err(|error| {
        let user = found.as_ref().map_or("", |(account, _)| &account.user.id);
        Error::Internal(format!("password of user {user}: {error}"))
    })?;
    if let (false, Some(stored)) = (matches && !refused, stored) {
        // An older hash, or one imported elsewhere: from now on all attempts do as much work.
        raise_costs(context, [stored]).await?;
    }
    let verified = found.filter(|_| matches);
    Ok(verified.map(|(account, credential)| VerifiedPassword {
        proof: Proof::by_password(&credential),
        account,
        credential,
    }))
}

fn with_password(account: Account) -> Option<(Account, Credential)> {
    let credential = credential_of_kind(&account, CredentialKind::Password)?.clone();
    Some((account, credential))
}

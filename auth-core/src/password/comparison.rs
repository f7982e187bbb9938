//! Compares a password with an account's.

use crate::context::Context;
use crate::credential::{CredentialKind, credential_of_kind};
use crate::error::{Error, Result};
use crate::password::admission::admit_hash;
use crate::password::equal_work::{costliest, raise_costs};
use crate::password::policy;
use crate::platform::Platform;
use crate::sign_in::proof::Proof;
use crate::storage::{Account, Credential};

/// A password that was right.
pub(crate) struct VerifiedPassword {
    /// Whose it is.
    pub(crate) account: Account,
    /// As it is stored.
    pub(crate) credential: Credential,
    /// What it proves.
    pub(crate) proof: Proof,
}

/// Compares a password with an account's, after the same work in every case. None: it is wrong, or there is no account, or
/// none with a password.
pub(crate) async fn verify_password<P: Platform>(
    context: &Context<P>,
    account: Option<Account>,
    presented: &str,
) -> Result<Option<VerifiedPassword>> {
    let password = policy::normalize(presented);
    // Longer ones can't be right, and hashing them would be the sender's choice of our work.
    let too_long = password.chars().count() > context.config.password_max_length;
    admit_hash(context).await?;
    let found = account.and_then(with_password).filter(|_| !too_long);
    let stored = found
        .as_ref()
        .map(|(_, credential)| credential.secret.as_str());
    let costliest = costliest(context).await?;
    let compared = if too_long { "" } else { &password };
    let matches = context.hasher.compare(compared, stored, &costliest);
    let matches = matches.map_err(|error| {
        let user = found.as_ref().map_or("", |(account, _)| &account.user.id);
        Error::Internal(format!("password of user {user}: {error}"))
    })?;
    if let (false, Some(stored)) = (matches, stored) {
        // A hash of before, or of an import elsewhere: from now on all attempts are as much work.
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

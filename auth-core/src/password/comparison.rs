//! Compares a password with an account's.

use crate::context::Context;
use crate::credential::{CredentialKind, credential_of_kind};
use crate::error::{Error, Result};
use crate::password::admission::admit_hash;
use crate::password::equal_work::{costliest, raise_costs};
use crate::password::policy;
use crate::platform::Platform;
use crate::storage::{Account, Credential};

/// The account and its password credential if the password is right, after the same work in every case.
pub(crate) async fn matching_password<P: Platform>(
    context: &Context<P>,
    account: Option<Account>,
    presented: &str,
) -> Result<Option<(Account, Credential)>> {
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
    Ok(found.filter(|_| matches))
}

fn with_password(account: Account) -> Option<(Account, Credential)> {
    let credential = credential_of_kind(&account, CredentialKind::Password)?.clone();
    Some((account, credential))
}

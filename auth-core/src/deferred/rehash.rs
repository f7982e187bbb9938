//! Rehashes stored passwords with the current parameters.

use crate::context::Context;
use crate::error::Result;
use crate::password::admission::admit_hash;
use crate::platform::{Level, Platform};
use crate::storage::{Credential, Credentials as _};

pub(crate) async fn rehash<P: Platform>(
    context: &Context<P>,
    credential: Credential,
    password: &str,
) {
    match try_rehash(context, &credential, password).await {
        Ok(true) => context.platform.log(
            Level::Info,
            "rehashed a password",
            &[("user", &credential.user_id)],
        ),
        Ok(false) => {}
        Err(error) => {
            let cause = error.to_string();
            context.platform.log(
                Level::Warn,
                "a password could not be rehashed",
                &[("cause", &cause)],
            );
        }
    }
}

async fn try_rehash<P: Platform>(
    context: &Context<P>,
    credential: &Credential,
    password: &str,
) -> Result<bool> {
    // A stored hash that doesn't prove the whole password is left unchanged.
    if !context.hasher.should_rehash(password, &credential.secret) {
        return Ok(false);
    }
    let work = context.hasher.parameters().work();
    admit_hash(context, [work]).await?;
    let rehashed = context
        .hasher
        .rehash(&context.platform, password, &credential.secret);
    let Some(replacement) = rehashed else {
        return Ok(false);
    };
    let replaced = context.storage().replace_credential_secret(
        credential.id.clone(),
        credential.secret.clone(),
        replacement,
        context.now(),
    );
    Ok(replaced.await?)
}

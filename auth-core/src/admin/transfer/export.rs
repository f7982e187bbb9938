//! Exports users.

use zeroize::Zeroizing;

use crate::access::{SUPERADMIN, VERIFIED};
use crate::admin::actor::Actor;
use crate::admin::transfer::record::{ImportIdentity, ImportUser};
use crate::admin::users::Users;
use crate::admin::users::list::list_users;
use crate::audit::event::EventKind;
use crate::audit::record::record;
use crate::context::Context;
use crate::credential::{CredentialKind, credential_of_kind, credentials_of_kind};
use crate::error::{Error, Result};
use crate::json;
use crate::mfa::second_factor::decrypt_totp_key;
use crate::mfa::totp;
use crate::platform::Platform;
use crate::storage::{Credential, Cursor, UserDetails, UserQuery};
use crate::time::Timestamp;

impl<P: Platform> Users<'_, P> {
    /// Returns a page of users for an import elsewhere, oldest first, and the cursor of the next page. Only a
    /// superadmin can export `secrets`, the users' credentials.
    ///
    /// # Errors
    /// [`Error::SuperadminNeeded`], or a failure of the platform.
    pub async fn export(
        self,
        actor: &Actor,
        after: Option<Cursor>,
        limit: u64,
        secrets: bool,
    ) -> Result<(Vec<ImportUser>, Option<Cursor>)> {
        let context = self.context;
        let holds_everything = actor.holder().has_role(SUPERADMIN);
        if secrets && !holds_everything {
            return Err(Error::SuperadminNeeded);
        }
        let page = list_users(
            context,
            UserQuery {
                after,
                limit,
                ..UserQuery::default()
            },
        )
        .await?;
        let event = actor.event(EventKind::UsersExported);
        let event = event.with("secrets", secrets);
        record(
            context,
            event.with("users", page.users.len()),
            actor.client(),
        );
        let exported = page.users.into_iter();
        let exported: Result<Vec<_>> = exported
            .map(|details| export_user(context, details, secrets))
            .collect();
        Ok((exported?, page.next))
    }
}

fn export_user<P: Platform>(
    context: &Context<P>,
    details: UserDetails,
    secrets: bool,
) -> Result<ImportUser> {
    let time = |time: Timestamp| time.to_string();
    let mut roles = details.roles;
    roles.retain(|name| name != VERIFIED);
    let identities = details
        .identities
        .into_iter()
        .map(|identity| ImportIdentity {
            issuer: identity.issuer,
            subject: identity.subject,
            provider: identity.provider,
            email: identity.email,
            label: identity.label,
            created_at: Some(time(identity.created_at)),
            last_used_at: identity.last_used_at.map(time),
        });
    let identities: Vec<_> = identities.collect();
    let mut exported = ImportUser {
        roles: Some(roles),
        identities: Some(identities).filter(|identities| !identities.is_empty()),
        ..ImportUser::default()
    };
    if secrets {
        let account = &details.account;
        let secret = |credential: &Credential| credential.secret.clone();
        exported.password_hash = credential_of_kind(account, CredentialKind::Password).map(secret);
        if let Some(credential) = credential_of_kind(account, CredentialKind::Totp) {
            let key: Zeroizing<Vec<u8>> = decrypt_totp_key(context, credential)?;
            exported.totp_secret = Some(totp::encode_key(&key));
            let codes = credentials_of_kind(account, CredentialKind::RecoveryCode);
            exported.recovery_codes = Some(codes.map(secret).collect());
        }
    }
    let user = details.account.user;
    Ok(ImportUser {
        id: Some(user.id),
        email: user.email,
        email_verified: None,
        email_verified_at: user.email_verified_at.map(time),
        username: user.username,
        display_name: user.display_name,
        profile: json::from_str(&user.profile).ok(),
        disabled: user.disabled_at.map(|_| true),
        created_at: Some(time(user.created_at)),
        last_login_at: user.last_login_at.map(time),
        ..exported
    })
}

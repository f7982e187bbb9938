//! Imports users.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::access::{USER, VERIFIED};
use crate::admin::actor::Actor;
use crate::admin::catalog::list_roles;
use crate::admin::grounds::{grounds, renewed};
use crate::admin::transfer::imported;
use crate::admin::transfer::record::{ImportOutcome, ImportUser};
use crate::admin::users::Users;
use crate::audit::event::EventKind;
use crate::audit::record::record;
use crate::context::Context;
use crate::credential::CredentialKind;
use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::new_id::new_id;
use crate::password::equal_work::raise_costs;
use crate::password::error::PasswordHashError;
use crate::platform::Platform;
use crate::storage::{CreateUserOutcome, LoginName, NewUser, Role, SeenStanding, Users as _};

impl<P: Platform> Users<'_, P> {
    /// About how many milliseconds it takes to verify a password by this hash, if an import takes it.
    ///
    /// # Errors
    /// An import refuses it.
    pub fn password_cost(self, hash: &str) -> core::result::Result<u32, PasswordHashError> {
        imported::password_cost(self.context, hash)
    }

    /// Imports users, each on his own; the outcomes are in their order. A trial stores nothing.
    ///
    /// # Errors
    /// A failure of the platform: what of this list was stored is not known, and importing it again is harmless.
    pub async fn import(
        self,
        actor: &Actor,
        users: Vec<ImportUser>,
        trial: bool,
    ) -> Result<Vec<ImportOutcome>> {
        let context = self.context;
        let roles = list_roles(context).await?;
        let (mut outcomes, mut new) = (Vec::new(), Vec::new());
        let mut tried = BTreeSet::new();
        for user in users {
            match imported::imported(context, actor, user, &roles) {
                Err(broken) => outcomes.push(ImportOutcome::Refused(broken)),
                Ok(user) if trial => outcomes.push(would_become(context, &user, &mut tried).await?),
                Ok(user) => {
                    // Settled below, in this order.
                    outcomes.push(ImportOutcome::Created(user.user.id.clone()));
                    new.push(user);
                }
            }
        }
        if new.is_empty() {
            return Ok(outcomes);
        }
        let facts = new.iter().map(|user| {
            let roles = user.roles.iter();
            let granted = roles.filter(|role| ![USER, VERIFIED].contains(&role.as_str()));
            (user.email_key.is_none(), granted.cloned().collect())
        });
        let facts: Vec<(bool, Vec<String>)> = facts.collect();
        // First: no login must take longer than one of somebody unknown.
        let credentials = new.iter().flat_map(|user| &user.credentials);
        let hashes = credentials.filter(|credential| CredentialKind::Password.matches(credential));
        raise_costs(context, hashes.map(|credential| credential.secret.as_str())).await?;
        let change = new_id(&context.platform);
        let given = |role: &&Role| new.iter().any(|user| user.roles.contains(&role.name));
        let given = roles.iter().filter(given).map(SeenStanding::from);
        let grounds = Some(grounds(context, actor, given));
        let storage = context.storage();
        let stored = storage.create_users(change, new, grounds).await?;
        if stored.contains(&CreateUserOutcome::Conflict) {
            // Nothing is stored; who asks may have lost what it takes.
            renewed(context, actor).await?;
            let cause = "roles were changed during the import".to_owned();
            return Err(Error::Unavailable(cause));
        }
        let settled = outcomes
            .iter_mut()
            .filter(|outcome| matches!(outcome, ImportOutcome::Created(_)));
        let mut granted = BTreeMap::<String, Vec<String>>::new();
        for ((outcome, stored), (by_name, roles)) in settled.zip(stored).zip(facts) {
            if let Some(other) = refusal(stored, by_name) {
                *outcome = other;
            } else if let ImportOutcome::Created(id) = outcome {
                for role in roles {
                    granted.entry(role).or_default().push(id.clone());
                }
            }
        }
        let created = |outcome: &&ImportOutcome| matches!(outcome, ImportOutcome::Created(_));
        let created = outcomes.iter().filter(created).count();
        let mut event = actor
            .event(EventKind::UsersImported)
            .with("created", created);
        if !granted.is_empty() {
            event = event.with("granted", json!(granted));
        }
        record(context, event, actor.client());
        Ok(outcomes)
    }
}

/// What would become of a user, after those of the list that `tried` has by their names, as he has then.
async fn would_become<P: Platform>(
    context: &Context<P>,
    new: &NewUser,
    tried: &mut BTreeSet<LoginName>,
) -> Result<ImportOutcome> {
    let names = [
        Some(LoginName::Id(new.user.id.clone())),
        new.email_key.clone().map(LoginName::Email),
        new.username_key.clone().map(LoginName::Username),
    ];
    let names: Vec<_> = names.into_iter().flatten().collect();
    for name in &names {
        let outcome = match name {
            LoginName::Username(_) => CreateUserOutcome::UsernameTaken,
            LoginName::Id(_) => CreateUserOutcome::IdTaken,
            LoginName::Email(_) => CreateUserOutcome::EmailTaken,
        };
        let taken = tried.contains(name)
            || context
                .storage()
                .find_account(name.clone())
                .await?
                .is_some();
        if taken && let Some(outcome) = refusal(outcome, new.email_key.is_none()) {
            return Ok(outcome);
        }
    }
    tried.extend(names);
    Ok(ImportOutcome::Created(new.user.id.clone()))
}

/// What an outcome of storage means for an import; none: he was created.
///
/// Who has no address is known by his user name.
fn refusal(outcome: CreateUserOutcome, by_name: bool) -> Option<ImportOutcome> {
    match outcome {
        CreateUserOutcome::Created => None,
        CreateUserOutcome::UsernameTaken if by_name => Some(ImportOutcome::Exists),
        CreateUserOutcome::IdTaken | CreateUserOutcome::EmailTaken => Some(ImportOutcome::Exists),
        CreateUserOutcome::UsernameTaken
        | CreateUserOutcome::RoleAssigned
        | CreateUserOutcome::Conflict => {
            let message = "Another user has this name.";
            let rule = FieldError::new("username", FieldErrorCode::Taken, message);
            Some(ImportOutcome::Refused(vec![rule]))
        }
    }
}

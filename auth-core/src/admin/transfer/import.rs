//! Imports users.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::access::{USER, VERIFIED};
use crate::admin::actor::Actor;
use crate::admin::catalog::list_roles;
use crate::admin::grounds::{grounds, renewed};
use crate::admin::transfer::imported::imported;
use crate::admin::transfer::record::{
    CreatedUser, IgnoredField, ImportOptions, ImportOutcome, ImportUser,
};
use crate::admin::users::Users;
use crate::audit::event::EventKind;
use crate::audit::record::record;
use crate::context::Context;
use crate::credential::CredentialKind;
use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::new_id::{new_id, new_ids};
use crate::password::equal_work::raise_costs;
use crate::platform::Platform;
use crate::storage::{CreateUserOutcome, LoginName, NewUser, Role, SeenStanding, Users as _};

impl<P: Platform> Users<'_, P> {
    /// Imports users independently of each other. The outcomes are in the order of the users.
    ///
    /// # Errors
    /// A failure of the platform. Some of the users may be stored; importing the list again is harmless.
    pub async fn import(
        self,
        actor: &Actor,
        users: Vec<ImportUser>,
        options: ImportOptions,
    ) -> Result<Vec<ImportOutcome>> {
        let context = self.context;
        let roles = list_roles(context).await?;
        let nameless = options.ignore.contains(&IgnoredField::Username);
        let (mut outcomes, mut new) = (Vec::new(), Vec::new());
        let mut tried = Tried::default();
        let ids = new_ids(&context.platform, users.len());
        for (user, id) in users.into_iter().zip(ids) {
            let outcome = match imported(context, actor, user, id, &roles, &options.ignore) {
                Err(broken) => ImportOutcome::Refused(broken),
                Ok((user, made)) if options.trial => {
                    would_become(context, user, made, nameless, &mut tried).await?
                }
                Ok((user, made)) => {
                    // Confirmed or replaced below, in this order.
                    new.push(user);
                    ImportOutcome::Created(made)
                }
            };
            outcomes.push(outcome);
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
        // Raised first, because no login must take longer than one of an unknown user.
        let credentials = new.iter().flat_map(|user| &user.credentials);
        let hashes = credentials.filter(|credential| CredentialKind::Password.matches(credential));
        raise_costs(context, hashes.map(|credential| credential.secret.as_str())).await?;
        let again = if nameless { new.clone() } else { Vec::new() };
        let mut stored = store(context, actor, new, &roles).await?;
        let is_taken =
            |at: &usize| stored[*at] == CreateUserOutcome::UsernameTaken && !facts[*at].0;
        let taken: Vec<usize> = (0..again.len()).filter(is_taken).collect();
        let unnamed: Vec<_> = taken
            .iter()
            .map(|at| without_name(again[*at].clone()))
            .collect();
        if !unnamed.is_empty() {
            for (at, outcome) in taken
                .iter()
                .zip(store(context, actor, unnamed, &roles).await?)
            {
                stored[*at] = outcome;
            }
        }
        let settled = outcomes
            .iter_mut()
            .filter(|outcome| matches!(outcome, ImportOutcome::Created(_)));
        let mut granted = BTreeMap::<String, Vec<String>>::new();
        for (at, (outcome, (by_name, roles))) in settled.zip(facts).enumerate() {
            if let Some(other) = refusal(stored[at], by_name) {
                *outcome = other;
            } else if let ImportOutcome::Created(made) = outcome {
                if taken.contains(&at) {
                    made.left_out.push(name_taken());
                }
                for role in roles {
                    granted.entry(role).or_default().push(made.id.clone());
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

/// Stores users, if the grounds of the decision have not changed.
async fn store<P: Platform>(
    context: &Context<P>,
    actor: &Actor,
    new: Vec<NewUser>,
    roles: &[Role],
) -> Result<Vec<CreateUserOutcome>> {
    let change = new_id(&context.platform);
    let given = |role: &&Role| new.iter().any(|user| user.roles.contains(&role.name));
    let given = roles.iter().filter(given).map(SeenStanding::from);
    let grounds = Some(grounds(context, actor, given));
    let storage = context.storage();
    let stored = storage.create_users(change, new, grounds).await?;
    if stored.contains(&CreateUserOutcome::Conflict) {
        // Nothing is stored. The actor may have lost the rights to import.
        renewed(context, actor).await?;
        let cause = "roles were changed during the import; try again".to_owned();
        return Err(Error::Unavailable(cause));
    }
    Ok(stored)
}

fn without_name(mut new: NewUser) -> NewUser {
    new.user.username = None;
    new.username_key = None;
    new
}

/// The users of a list whose import was tried.
#[derive(Default)]
struct Tried {
    names: BTreeSet<LoginName>,
    identities: BTreeSet<(String, String)>,
}

/// Returns the outcome that an import of a user would have. `tried` contains the names and identities of the earlier users
/// of the list, and then also those of this one. With `nameless`, a user name that another user has is left out.
async fn would_become<P: Platform>(
    context: &Context<P>,
    mut new: NewUser,
    mut made: CreatedUser,
    nameless: bool,
    tried: &mut Tried,
) -> Result<ImportOutcome> {
    let by_name = new.email_key.is_none();
    let names = |new: &NewUser| {
        let names = [
            Some(LoginName::Id(new.user.id.clone())),
            new.email_key.clone().map(LoginName::Email),
            new.username_key.clone().map(LoginName::Username),
        ];
        names.into_iter().flatten()
    };
    for name in names(&new) {
        let outcome = match name {
            LoginName::Username(_) => CreateUserOutcome::UsernameTaken,
            LoginName::Id(_) => CreateUserOutcome::IdTaken,
            LoginName::Email(_) => CreateUserOutcome::EmailTaken,
        };
        let storage = context.storage();
        if !tried.names.contains(&name) && storage.find_account(name).await?.is_none() {
            continue;
        }
        if nameless && !by_name && outcome == CreateUserOutcome::UsernameTaken {
            new = without_name(new);
            made.left_out.push(name_taken());
        } else if let Some(outcome) = refusal(outcome, by_name) {
            return Ok(outcome);
        }
    }
    for identity in &new.identities {
        let (issuer, subject) = (identity.issuer.clone(), identity.subject.clone());
        let again = !tried.identities.insert((issuer.clone(), subject.clone()));
        let storage = context.storage();
        if (again || storage.find_identity(issuer, subject).await?.is_some())
            && let Some(outcome) = refusal(CreateUserOutcome::IdentityTaken, by_name)
        {
            return Ok(outcome);
        }
    }
    tried.names.extend(names(&new));
    Ok(ImportOutcome::Created(made))
}

/// Converts an outcome of storage to one of an import; `None` means that the user was created.
///
/// A user without an address is identified by their user name.
fn refusal(outcome: CreateUserOutcome, by_name: bool) -> Option<ImportOutcome> {
    match outcome {
        CreateUserOutcome::Created => None,
        CreateUserOutcome::UsernameTaken if by_name => Some(ImportOutcome::Exists),
        CreateUserOutcome::IdTaken | CreateUserOutcome::EmailTaken => Some(ImportOutcome::Exists),
        CreateUserOutcome::IdentityTaken => {
            let message = "Another user has one of the identities.";
            let rule = FieldError::new("identities", FieldErrorCode::Taken, message);
            Some(ImportOutcome::Refused(vec![rule]))
        }
        CreateUserOutcome::UsernameTaken
        | CreateUserOutcome::RoleAssigned
        | CreateUserOutcome::Conflict => Some(ImportOutcome::Refused(vec![name_taken()])),
    }
}

fn name_taken() -> FieldError {
    let message = "Another user has this user name.";
    FieldError::new("username", FieldErrorCode::Taken, message)
}

//! Users that come from elsewhere, and go there.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::access::{SUPERADMIN, USER, VERIFIED};
use crate::account::{PASSWORD, display_name};
use crate::administration::Actor;
use crate::audit::EventKind;
use crate::auth::Auth;
use crate::change::new_record;
use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::factor::{RECOVERY_CODE, TOTP, one_of};
use crate::identifier::{EmailAddress, Username, new_id};
use crate::password::PasswordHashError;
use crate::platform::Platform;
use crate::profile::Editor;
use crate::storage::{
    CreateUserOutcome, Credential, LoginName, Member, NewUser, Place, Role, SeenStanding,
    Storage as _, User, UserQuery,
};
use crate::time::Timestamp;
use crate::totp;

/// A user, as import and export write one in a JSON line.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImportUser {
    /// A UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address was proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// When the address was proven, in RFC 3339 like every time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified_at: Option<String>,
    /// User name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// What the person wants to be called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Fields that the operator has declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Map<String, Value>>,
    /// Password hash, in a form that the server verifies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// Whether the account is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Names of roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// When the account was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When the person last signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_login_at: Option<String>,
    /// TOTP key, in Base32.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totp_secret: Option<String>,
    /// Digests of the recovery codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_codes: Option<Vec<String>>,
}

/// Without what is secret.
impl fmt::Debug for ImportUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportUser")
            .field("id", &self.id)
            .field("email", &self.email)
            .field("username", &self.username)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

/// What became of a user who was to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    /// He is there now, or would be; with his identifier.
    Created(String),
    /// He was there before, by identifier or address; nothing of him was changed.
    Exists,
    /// He was not taken, for these reasons.
    Refused(Vec<FieldError>),
}

/// Most recovery codes of one user.
const RECOVERY_CODES_MAX: usize = 20;

impl<P: Platform> Auth<P> {
    /// Imports users, each on his own; the outcomes are in their order. A trial stores nothing.
    ///
    /// # Errors
    /// A failure of the platform: what of this list was stored is not known, and importing it again is harmless.
    pub async fn import(
        &self,
        actor: &Actor,
        users: Vec<ImportUser>,
        trial: bool,
    ) -> Result<Vec<ImportOutcome>> {
        let roles = self.roles().await?;
        let (mut outcomes, mut new) = (Vec::new(), Vec::new());
        let mut tried = BTreeSet::new();
        for user in users {
            match self.imported(actor, user, &roles) {
                Err(broken) => outcomes.push(ImportOutcome::Refused(broken)),
                Ok(user) if trial => outcomes.push(self.would_become(&user, &mut tried).await?),
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
        let hashes = credentials.filter(|credential| credential.kind == PASSWORD);
        self.raise_costs(hashes.map(|credential| credential.secret.as_str()))
            .await?;
        let change = new_id(&self.platform);
        let given = |role: &&Role| new.iter().any(|user| user.roles.contains(&role.name));
        let given = roles.iter().filter(given).map(SeenStanding::from);
        let grounds = Some(self.grounds(actor, given));
        let storage = self.platform.storage();
        let stored = storage.create_users(change, new, grounds).await?;
        if stored.contains(&CreateUserOutcome::Conflict) {
            // Nothing is stored; who asks may have lost what it takes.
            self.renewed(actor).await?;
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
        self.record(event, actor.client());
        Ok(outcomes)
    }

    /// About how many milliseconds it takes to verify a password by this hash, if an import takes it.
    ///
    /// # Errors
    /// An import refuses it.
    pub fn password_cost(&self, hash: &str) -> core::result::Result<u32, PasswordHashError> {
        self.hasher
            .estimate(hash, self.config.import_hash_milliseconds)
    }

    /// What would become of a user, after those of the list that `tried` has by their names, as he has then.
    async fn would_become(
        &self,
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
                || self
                    .platform
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

    /// The user to store, if everything about him keeps the rules.
    fn imported(
        &self,
        actor: &Actor,
        given: ImportUser,
        known: &[Role],
    ) -> core::result::Result<NewUser, Vec<FieldError>> {
        let now = self.platform.now();
        let mut broken = Vec::new();
        let mut keep = |rule: FieldError| broken.push(rule);
        let id = given.id.map_or_else(
            || Some(new_id(&self.platform)),
            |text| {
                uuid::Uuid::parse_str(text.trim())
                    .ok()
                    .map(|id| id.to_string())
            },
        );
        if id.is_none() {
            keep(FieldError::new(
                "id",
                FieldErrorCode::InvalidFormat,
                "Not a UUID.",
            ));
        }
        let id = id.unwrap_or_default();
        let there = |text: &String| !text.trim().is_empty();
        let email = given
            .email
            .filter(there)
            .map(|text| EmailAddress::parse(&text));
        let email = email.transpose().unwrap_or_else(|rule| {
            keep(rule);
            None
        });
        let username = given
            .username
            .filter(there)
            .map(|text| Username::parse(&text));
        let username = username.transpose().unwrap_or_else(|rule| {
            keep(rule);
            None
        });
        let shown = display_name(given.display_name.as_deref()).unwrap_or_else(|rule| {
            keep(rule);
            None
        });
        let mut time = |field: &'static str, text: Option<String>| {
            let text = text?;
            let time = Timestamp::parse(&text);
            if time.is_none() {
                let message = "Not a time of RFC 3339.";
                keep(FieldError::new(
                    field,
                    FieldErrorCode::InvalidFormat,
                    message,
                ));
            }
            time
        };
        let verified_at = time("email_verified_at", given.email_verified_at);
        let created_at = time("created_at", given.created_at).unwrap_or(now);
        let last_login_at = time("last_login_at", given.last_login_at);
        let profile = self.config.profile_fields.change(
            "{}",
            &given.profile.unwrap_or_default(),
            Editor::Admin,
            false,
        );
        let profile = profile.unwrap_or_else(|rules| {
            broken.extend(rules);
            String::new()
        });
        let mut credentials = Vec::new();
        let mut credential = |kind: &str, secret: String| {
            let mut made = self.credential(&id, kind, secret);
            made.created_at = created_at;
            made.updated_at = created_at;
            credentials.push(made);
        };
        if let Some(hash) = given.password_hash.filter(|hash| !hash.is_empty()) {
            match self.password_cost(&hash) {
                Ok(_) => credential(PASSWORD, hash),
                Err(error) => broken.push(FieldError::new(
                    "password_hash",
                    FieldErrorCode::InvalidFormat,
                    match error {
                        PasswordHashError::TooSlow { .. } => {
                            format!("{error} (IMPORT_HASH_MILLISECONDS).")
                        }
                        _ => format!("{error}."),
                    },
                )),
            }
        }
        if let Some(text) = given.totp_secret.filter(|text| !text.is_empty()) {
            match totp::decode_key(&text) {
                Some(key) => {
                    let mut made = self.credential(&id, TOTP, String::new());
                    made.secret = self.seal_totp_key(&made.id, &key);
                    credentials.push(made);
                }
                None => broken.push(FieldError::new(
                    "totp_secret",
                    FieldErrorCode::InvalidFormat,
                    "Not 10 to 64 bytes in Base32.",
                )),
            }
        }
        let is_digest = |text: &String| {
            text.len() == 43
                && URL_SAFE_NO_PAD
                    .decode(text)
                    .is_ok_and(|bytes| bytes.len() == 32)
        };
        let recovery_codes = given.recovery_codes.unwrap_or_default();
        if recovery_codes.len() > RECOVERY_CODES_MAX || !recovery_codes.iter().all(is_digest) {
            broken.push(FieldError::new(
                "recovery_codes",
                FieldErrorCode::InvalidFormat,
                format!("At most {RECOVERY_CODES_MAX} SHA-256 digests in base64url."),
            ));
        } else {
            for digest in recovery_codes {
                credentials.push(self.credential(&id, RECOVERY_CODE, digest));
            }
        }
        let email_verified_at = match (given.email_verified, verified_at) {
            _ if email.is_none() => None,
            (Some(false), _) => None,
            (Some(true), None) => Some(created_at),
            (_, verified_at) => verified_at,
        };
        // Everybody is a user, and `verified` follows the address.
        let mut roles: Vec<String> = match given.roles {
            Some(names) => names,
            None => vec![USER.to_owned()],
        };
        roles.retain(|name| name != VERIFIED);
        if email_verified_at.is_some() {
            roles.push(VERIFIED.to_owned());
        }
        roles.sort();
        roles.dedup();
        for name in &roles {
            match known.iter().find(|role| role.name == *name) {
                Some(role) if actor.may_grant(role).is_ok() => {}
                Some(_) => broken.push(FieldError::new(
                    "roles",
                    FieldErrorCode::GrantNotHeld,
                    format!("{name:?} is not yours to give."),
                )),
                None => broken.push(FieldError::new(
                    "roles",
                    FieldErrorCode::NotFound,
                    format!("There is no {name:?}."),
                )),
            }
        }
        if email.is_none() && username.is_none() && broken.is_empty() {
            let message = "An address or a user name is needed to sign in.";
            broken.push(FieldError::new("email", FieldErrorCode::Required, message));
        }
        if !broken.is_empty() {
            return Err(broken);
        }
        let user = User {
            id,
            email: email.map(|email| email.as_str().to_owned()),
            email_verified_at,
            username: username.map(|name| name.as_str().to_owned()),
            display_name: shown,
            profile,
            disabled_at: given.disabled.unwrap_or_default().then_some(now),
            locked_until: None,
            created_at,
            updated_at: now,
            last_login_at,
        };
        Ok(new_record(user, credentials, roles))
    }

    /// A page of users to be imported elsewhere, oldest first, and where the next one begins; with what they prove
    /// themselves with for a superadmin alone.
    ///
    /// # Errors
    /// [`Error::SuperadminNeeded`], or a failure of the platform.
    pub async fn export(
        &self,
        actor: &Actor,
        after: Option<Place>,
        limit: u64,
        secrets: bool,
    ) -> Result<(Vec<ImportUser>, Option<Place>)> {
        let holds_everything = actor.holder().has_role(SUPERADMIN);
        if secrets && !holds_everything {
            return Err(Error::SuperadminNeeded);
        }
        let page = self
            .list_users(UserQuery {
                after,
                limit,
                ..UserQuery::default()
            })
            .await?;
        let event = actor.event(EventKind::UsersExported);
        let event = event.with("secrets", secrets);
        self.record(event.with("users", page.members.len()), actor.client());
        let exported = page.members.into_iter();
        let exported: Result<Vec<_>> = exported
            .map(|member| self.exported(member, secrets))
            .collect();
        Ok((exported?, page.next))
    }

    fn exported(&self, member: Member, secrets: bool) -> Result<ImportUser> {
        let time = |time: Timestamp| time.to_string();
        let mut roles = member.roles;
        roles.retain(|name| name != VERIFIED);
        let mut exported = ImportUser {
            roles: Some(roles),
            ..ImportUser::default()
        };
        if secrets {
            let account = &member.account;
            let secret = |credential: &Credential| credential.secret.clone();
            exported.password_hash = one_of(account, PASSWORD).map(secret);
            if let Some(credential) = one_of(account, TOTP) {
                let key: Zeroizing<Vec<u8>> = self.totp_key(credential)?;
                exported.totp_secret = Some(totp::encode_key(&key));
                let codes = account.credentials.iter();
                let codes = codes.filter(|credential| credential.kind == RECOVERY_CODE);
                exported.recovery_codes = Some(codes.map(secret).collect());
            }
        }
        let user = member.account.user;
        Ok(ImportUser {
            id: Some(user.id),
            email: user.email,
            email_verified: None,
            email_verified_at: user.email_verified_at.map(time),
            username: user.username,
            display_name: user.display_name,
            profile: crate::json::from_str(&user.profile).ok(),
            disabled: user.disabled_at.map(|_| true),
            created_at: Some(time(user.created_at)),
            last_login_at: user.last_login_at.map(time),
            ..exported
        })
    }
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
        | CreateUserOutcome::RoleHeld
        | CreateUserOutcome::Conflict => {
            let message = "Another user has this name.";
            let rule = FieldError::new("username", FieldErrorCode::Taken, message);
            Some(ImportOutcome::Refused(vec![rule]))
        }
    }
}

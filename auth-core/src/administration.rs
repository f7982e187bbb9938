//! What administrators do with users.

use serde_json::{Map, Value};

use crate::access::{HIGHEST_RANK, Holder, SUPERADMIN, USER, VERIFIED};
use crate::account::{PASSWORD, display_name};
use crate::audit::{Event, EventKind};
use crate::auth::{Auth, Client, Freshness};
use crate::change::{Change, Changed, TRIES, always_changing, new_record};
use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::factor::has_second_factor;
use crate::identifier::{EmailAddress, Username, canonical, new_id};
use crate::link::Purpose;
use crate::mail::{MailContext, MailKind};
use crate::platform::Platform;
use crate::profile::Editor;
use crate::storage::{
    ActiveSession, Member, NewSession, NewUser, Place, Role, SeenStanding, Session, SessionEnding,
    Standing, StartSessionOutcome, Storage as _, Subject, User, UserPage, UserQuery, VoidedSecrets,
};
use crate::time::Timestamp;

/// Who administers: a signed-in person, or whoever has the database in his hands.
///
/// A host asks whether he has the permission of a route; what he may do to whom is decided here.
#[derive(Debug, Clone)]
pub struct Actor {
    user_id: Option<String>,
    session_id: Option<String>,
    roles: Vec<String>,
    permissions: Vec<String>,
    rank: u64,
    needed: Option<&'static str>,
    impersonates: bool,
    client: Client,
}

impl Actor {
    /// The person of a session, who has the permission that the route needs.
    pub fn of(active: &ActiveSession, needed: Option<&'static str>, client: Client) -> Self {
        Self {
            user_id: Some(active.user.id.clone()),
            session_id: Some(active.session.id.clone()),
            roles: active.roles.clone(),
            permissions: active.permissions.clone(),
            rank: active.rank,
            needed,
            impersonates: active.session.actor_id.is_some(),
            client,
        }
    }

    /// Whoever has the database in his hands, and so may do everything.
    pub fn operator(client: Client) -> Self {
        Self {
            user_id: None,
            session_id: None,
            roles: vec![SUPERADMIN.to_owned()],
            permissions: Vec::new(),
            rank: HIGHEST_RANK,
            needed: None,
            impersonates: false,
            client,
        }
    }

    /// His identifier; none: the operator, who is no user.
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// What he holds.
    pub fn holder(&self) -> Holder<'_> {
        Holder {
            roles: &self.roles,
            permissions: &self.permissions,
            rank: self.rank,
        }
    }

    /// Whether the person of the session is somebody else, as whom an administrator acts.
    pub fn impersonates(&self) -> bool {
        self.impersonates
    }

    pub(crate) fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    /// The permission that the route needs.
    pub(crate) fn needed(&self) -> Option<&'static str> {
        self.needed
    }

    /// The standing that they decide by; none: the operator's, which nobody changes.
    pub(crate) fn seen(&self) -> Option<SeenStanding> {
        Some(SeenStanding {
            subject: Subject::User(self.user_id.clone()?),
            standing: Standing {
                rank: self.rank,
                roles: self.roles.clone(),
                permissions: self.permissions.clone(),
            },
        })
    }

    /// From where he asks.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Something that he does.
    pub(crate) fn event(&self, kind: EventKind) -> Event {
        Event::new(kind)
            .by(self.user_id.as_deref())
            .during(self.session_id.as_deref())
    }

    fn may_administer(&self, member: &Member) -> Result<()> {
        // Himself, too: what he may do to himself as an administrator is no more than he may do to others.
        if self.holder().may_administer(&member.into()) {
            Ok(())
        } else {
            Err(Error::InsufficientRank)
        }
    }

    pub(crate) fn may_grant(&self, role: &Role) -> Result<()> {
        if self.holder().may_grant(role) {
            Ok(())
        } else {
            Err(Error::GrantNotHeld)
        }
    }
}

/// A user whom an administrator makes.
#[derive(Clone, Copy, Default)]
pub struct NewAccount<'a> {
    /// E-mail address; it or a user name is needed.
    pub email: Option<&'a str>,
    /// Whether he is known to receive mail there.
    pub email_verified: bool,
    /// User name.
    pub username: Option<&'a str>,
    /// Password; without one he chooses it by a link.
    pub password: Option<&'a str>,
    /// Name to show to others.
    pub display_name: Option<&'a str>,
    /// Values of the declared extra fields.
    pub profile: Option<&'a Map<String, Value>>,
    /// Names of roles; `user` without it.
    pub roles: Option<&'a [String]>,
    /// Whether he gets a mail with a link to choose a password.
    pub invite: bool,
}

/// What an administrator changes of a user; what is none stays as it is, and an empty text takes away.
#[derive(Clone, Copy, Default)]
pub struct UserUpdate<'a> {
    /// Another address. It counts as not verified unless that is said as well.
    pub email: Option<&'a str>,
    /// Whether he is known to receive mail at his address.
    pub email_verified: Option<bool>,
    /// Another user name.
    pub username: Option<&'a str>,
    /// Another name to show.
    pub display_name: Option<&'a str>,
    /// Values of the declared extra fields; null takes one away.
    pub profile: Option<&'a Map<String, Value>>,
}

/// What somebody acts as another by.
pub struct Impersonation {
    /// Access token. There is no refresh token: it ends soon.
    pub access_token: String,
    /// Seconds until it expires.
    pub expires_in: u64,
    /// Whom it stands for.
    pub member: Member,
}

/// What places in lists are encrypted for, so that nobody makes one up.
const PLACE_PURPOSE: &str = "gatewright place in a list v2";

impl<P: Platform> Auth<P> {
    /// A page of the list of users. `search` is the beginning of an address, a user name, a name or a word of it, or a text
    /// of the profile.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn list_users(&self, mut query: UserQuery) -> Result<UserPage> {
        query.search = query.search.map(|text| canonical(text.trim()));
        query.search = query.search.filter(|text| !text.is_empty());
        query.now = self.platform.now();
        Ok(self.platform.storage().list_users(query).await?)
    }

    /// A place in a list in a form for clients: opaque, and only good for the same list.
    pub fn seal_place(&self, list: &str, place: &Place) -> String {
        let plain = serde_json::json!([place.part, place.key, place.tie_break]).to_string();
        self.config
            .secret_key
            .seal(&self.platform, PLACE_PURPOSE, list, "", plain.as_bytes())
    }

    /// The place that a client brings back; none: it is not one of this list.
    pub fn open_place(&self, list: &str, sealed: &str) -> Option<Place> {
        let key = &self.config.secret_key;
        let plain = key.open(PLACE_PURPOSE, list, "", sealed)?;
        let (part, key, tie_break) = crate::json::from_slice(&plain).ok()?;
        Some(Place {
            part,
            key,
            tie_break,
        })
    }

    /// A user with what he may do.
    ///
    /// # Errors
    /// [`Error::NotFound`], or a failure of the platform.
    pub async fn member(&self, user_id: &str) -> Result<Member> {
        let found = self.platform.storage().find_member(user_id.to_owned());
        found.await?.ok_or(Error::NotFound("user"))
    }

    /// Makes a user.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every broken rule, [`Error::EmailTaken`], [`Error::UsernameTaken`],
    /// [`Error::GrantNotHeld`], or a failure of the platform.
    pub async fn create_member(&self, actor: &Actor, new: NewAccount<'_>) -> Result<Member> {
        let mut user = self.new_user();
        let none = Map::new();
        let update = UserUpdate {
            email: new.email,
            email_verified: Some(new.email_verified),
            username: new.username,
            display_name: new.display_name,
            profile: Some(new.profile.unwrap_or(&none)),
        };
        self.update(&mut user, update, true)
            .map_err(Error::Invalid)?;
        if new.invite && user.email.is_none() {
            let message = "An invitation needs an address.";
            let rule = FieldError::new("email", FieldErrorCode::Required, message);
            return Err(Error::Invalid(vec![rule]));
        }
        let usual = [USER.to_owned()];
        let names = new.roles.unwrap_or(&usual);
        // Before a password is hashed.
        let mut granted = self.granted(actor, names).await?;
        let mut credentials = Vec::new();
        if let Some(password) = new.password {
            let password = self.checked_password(password, "password", &user).await?;
            let secret = self.hash(&password).await?;
            credentials.push(self.password_credential(&user.id, secret));
        }
        let mut acting = actor.clone();
        let mut tries = 1..TRIES;
        loop {
            let mut roles: Vec<_> = granted.iter().map(|role| role.name.clone()).collect();
            // It follows the address.
            roles.retain(|name| name != VERIFIED);
            if user.email_verified_at.is_some() {
                roles.push(VERIFIED.to_owned());
            }
            let record = NewUser {
                grounds: Some(self.grounds(&acting, granted.iter().map(SeenStanding::from))),
                ..new_record(user.clone(), credentials.clone(), roles)
            };
            if self.try_create(record).await? {
                break;
            }
            tries.next().ok_or_else(always_changing)?;
            acting = self.renewed(&acting).await?;
            granted = self.granted(&acting, names).await?;
        }
        let member = self.member(&user.id).await?;
        let event = actor.event(EventKind::UserCreated).on("user", &user.id);
        self.record(event.with("roles", member.roles.as_slice()), &actor.client);
        if let (true, Some(email)) = (new.invite, &user.email) {
            self.send_reset(Some(&member.account), email, MailKind::Invitation)
                .await?;
        }
        Ok(member)
    }

    /// The roles of these names, each of which the actor may give.
    async fn granted(&self, actor: &Actor, names: &[String]) -> Result<Vec<Role>> {
        let roles = self.roles_of_names(names).await?;
        roles.iter().try_for_each(|role| actor.may_grant(role))?;
        Ok(roles)
    }

    /// Writes a change into a user, if it keeps the rules.
    fn update(
        &self,
        user: &mut User,
        update: UserUpdate<'_>,
        registering: bool,
    ) -> core::result::Result<(), Vec<FieldError>> {
        let mut broken = Vec::new();
        let given = |text: &&str| !text.trim().is_empty();
        if let Some(text) = update.email {
            match Some(text)
                .filter(given)
                .map(EmailAddress::parse)
                .transpose()
            {
                Ok(email) => {
                    let email = email.map(|email| email.as_str().to_owned());
                    if email != user.email {
                        user.email_verified_at = None;
                    }
                    user.email = email;
                }
                Err(rule) => broken.push(rule),
            }
        }
        match (update.email_verified, &user.email) {
            (Some(true), Some(_)) => {
                user.email_verified_at
                    .get_or_insert_with(|| self.platform.now());
            }
            (Some(false), _) | (_, None) => user.email_verified_at = None,
            (None, Some(_)) => {}
        }
        if let Some(text) = update.username {
            match Some(text).filter(given).map(Username::parse).transpose() {
                Ok(name) => user.username = name.map(|name| name.as_str().to_owned()),
                Err(rule) => broken.push(rule),
            }
        }
        if broken.is_empty() && user.email.is_none() && user.username.is_none() {
            let message = "An address or a user name is needed to sign in.";
            broken.push(FieldError::new("email", FieldErrorCode::Required, message));
        }
        if let Some(text) = update.display_name {
            match display_name(Some(text)) {
                Ok(name) => user.display_name = name,
                Err(rule) => broken.push(rule),
            }
        }
        if let Some(given) = update.profile {
            let fields = &self.config.profile_fields;
            match fields.change(&user.profile, given, Editor::Admin, registering) {
                Ok(profile) => user.profile = profile,
                Err(rules) => broken.extend(rules),
            }
        }
        if broken.is_empty() {
            Ok(())
        } else {
            Err(broken)
        }
    }

    /// Changes a user. The role `verified` follows his address, and who loses an address is told there.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], [`Error::Invalid`], [`Error::EmailTaken`],
    /// [`Error::UsernameTaken`], or a failure of the platform.
    pub async fn update_member(
        &self,
        actor: &Actor,
        user_id: &str,
        update: UserUpdate<'_>,
    ) -> Result<Member> {
        let mut before = None;
        let user = self
            .administer(actor, user_id, |member| {
                let mut user = member.account.user.clone();
                before = Some(user.clone());
                self.update(&mut user, update, false)
                    .map_err(Error::Invalid)?;
                let verified = user.email_verified_at.is_some();
                let moved = user.email != member.account.user.email;
                if moved && !verified && has_second_factor(&member.account) {
                    // A new password by an address that nobody has proved would take the second factor away.
                    let message = "With a second factor in force the address has to be verified.";
                    let code = FieldErrorCode::Required;
                    let rule = FieldError::new("email_verified", code, message);
                    return Err(Error::Invalid(vec![rule]));
                }
                let mut change = Change::of(user);
                if moved {
                    // Who changed the address before must not take this back.
                    change.voids = Some(VoidedSecrets {
                        purpose: Purpose::UndoEmail.as_str().to_owned(),
                        since: Timestamp::default(),
                    });
                }
                let role = vec![VERIFIED.to_owned()];
                if verified {
                    change.adds_roles = role;
                } else {
                    change.removes_roles = role;
                }
                Ok(change)
            })
            .await?;
        let user = user.user;
        let event = actor.event(EventKind::UserUpdated).on("user", user_id);
        let before = before.unwrap_or_else(|| user.clone());
        let verified = |user: &User| user.email_verified_at.is_some();
        let changed = [
            ("email", before.email != user.email),
            ("email_verified", verified(&before) != verified(&user)),
            ("username", before.username != user.username),
            ("display_name", before.display_name != user.display_name),
            ("profile", before.profile != user.profile),
        ];
        let changed = changed.into_iter().filter(|(_, changed)| *changed);
        let changed: Vec<_> = changed.map(|(name, _)| name).collect();
        self.record(event.with("changed", changed), &actor.client);
        let told = before.email.filter(|_| before.email_verified_at.is_some());
        let changed = told.filter(|old| user.email.as_ref() != Some(old));
        if let Some(old) = changed {
            let context = MailContext {
                email: user.email.as_deref(),
                ..MailContext::default()
            };
            self.send(self.message(MailKind::EmailChanged, &old, &context));
        }
        self.member(user_id).await
    }

    /// Changes a user whom this one may administer. What that rests on is read anew when it has changed meanwhile.
    async fn administer(
        &self,
        actor: &Actor,
        user_id: &str,
        mut decide: impl FnMut(&Member) -> Result<Change>,
    ) -> Result<Changed> {
        let mut actor = actor.clone();
        for _ in 0..TRIES {
            let changed = self.try_administer(&actor, user_id, None, &mut decide);
            if let Some(changed) = changed.await? {
                return Ok(changed);
            }
            actor = self.renewed(&actor).await?;
        }
        Err(always_changing())
    }

    /// The same once, for a decision that may rest on a role as well. None: something that it rests on has changed meanwhile.
    async fn try_administer(
        &self,
        actor: &Actor,
        user_id: &str,
        role: Option<&Role>,
        decide: impl FnOnce(&Member) -> Result<Change>,
    ) -> Result<Option<Changed>> {
        let changed = self.try_change(user_id, |member| {
            actor.may_administer(&member)?;
            let seen = role.map(SeenStanding::from).into_iter();
            let grounds = self.grounds(actor, seen.chain([(&member).into()]));
            Ok(Change {
                grounds: Some(grounds),
                ..decide(&member)?
            })
        });
        changed.await.map_err(|error| match error {
            Error::AccountGone => Error::NotFound("user"),
            error => error,
        })
    }

    /// Switches an account off, which ends its sessions. Done twice it stays as it was.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], [`Error::LastSuperadmin`], or a failure of the platform.
    pub async fn disable_user(&self, actor: &Actor, user_id: &str) -> Result<()> {
        let now = self.platform.now();
        self.administer(actor, user_id, |member| {
            let mut user = member.account.user.clone();
            user.disabled_at.get_or_insert(now);
            let mut change = Change::of(user);
            change.end_sessions(None, "disabled");
            Ok(change)
        })
        .await?;
        let event = actor.event(EventKind::UserDisabled).on("user", user_id);
        self.record(event, &actor.client);
        Ok(())
    }

    /// Switches an account on again.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], or a failure of the platform.
    pub async fn enable_user(&self, actor: &Actor, user_id: &str) -> Result<()> {
        self.administer(actor, user_id, |member| {
            let mut user = member.account.user.clone();
            user.disabled_at = None;
            Ok(Change::of(user))
        })
        .await?;
        let event = actor.event(EventKind::UserEnabled).on("user", user_id);
        self.record(event, &actor.client);
        Ok(())
    }

    /// Forgets the failed attempts at an account, so that its owner gets in again.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], or a failure of the platform.
    pub async fn unlock_user(&self, actor: &Actor, user_id: &str) -> Result<()> {
        let user = self
            .administer(actor, user_id, |member| {
                let mut user = member.account.user.clone();
                user.locked_until = None;
                Ok(Change::of(user))
            })
            .await?
            .user;
        self.forget_attempts(&user).await?;
        let event = actor.event(EventKind::UserUnlocked).on("user", user_id);
        self.record(event, &actor.client);
        Ok(())
    }

    /// Makes a user choose another password: his own is void, his sessions end, and a link goes to his address.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], [`Error::NoEmail`], or a failure of the platform.
    pub async fn force_password_reset(&self, actor: &Actor, user_id: &str) -> Result<()> {
        let user = self
            .administer(actor, user_id, |member| {
                let user = member.account.user.clone();
                if user.email.is_none() {
                    return Err(Error::NoEmail);
                }
                let mut change = Change {
                    deletes: vec![PASSWORD],
                    ..Change::of(user)
                };
                change.end_sessions(None, "password_reset");
                Ok(change)
            })
            .await?
            .user;
        let event = actor.event(EventKind::PasswordResetForced);
        self.record(event.on("user", user_id), &actor.client);
        let account = self.find_by_id(user_id).await?;
        let email = user.email.unwrap_or_default();
        self.send_reset(account.as_ref(), &email, MailKind::ResetRequired)
            .await
    }

    /// The sessions of a user that last.
    ///
    /// # Errors
    /// [`Error::NotFound`], or a failure of the platform.
    pub async fn sessions_of(&self, user_id: &str) -> Result<Vec<Session>> {
        self.member(user_id).await?;
        self.lasting_sessions(user_id).await
    }

    /// Ends all sessions of a user, or one.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], or a failure of the platform.
    pub async fn end_sessions_of(
        &self,
        actor: &Actor,
        user_id: &str,
        session_id: Option<&str>,
    ) -> Result<()> {
        let member = self.member(user_id).await?;
        actor.may_administer(&member)?;
        let only = match session_id {
            Some(id) => Some(self.lasting_session(user_id, id).await?),
            None => None,
        };
        let changed = self.administer(actor, user_id, |member| {
            let mut change = Change::of(member.account.user.clone());
            change.ends_sessions = Some(SessionEnding {
                except: None,
                only: only.clone(),
                only_acting: false,
                reason: "administrator".to_owned(),
            });
            Ok(change)
        });
        let ended = changed.await?.ended;
        let event = actor.event(EventKind::UserSessionsRevoked);
        let event = event.on("user", user_id);
        match only {
            None => self.record(event.with("sessions", ended), &actor.client),
            Some(id) if ended > 0 => self.record(event.with("ended_session", id), &actor.client),
            // Somebody else has ended it meanwhile.
            Some(_) => {}
        }
        Ok(())
    }

    /// Gives a user a role, or takes it away.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], [`Error::GrantNotHeld`], [`Error::LastSuperadmin`], or a failure
    /// of the platform.
    pub async fn set_role(
        &self,
        actor: &Actor,
        user_id: &str,
        role: &str,
        held: bool,
    ) -> Result<()> {
        let mut acting = actor.clone();
        let mut tries = 0..TRIES;
        let role = loop {
            tries.next().ok_or_else(always_changing)?;
            let role = self.role(role).await?;
            // Who can't give a role can't take it, either.
            acting.may_grant(&role)?;
            let decide = |member: &Member| {
                let mut change = Change::of(member.account.user.clone());
                let names = vec![role.name.clone()];
                if held {
                    change.adds_roles = names;
                } else {
                    change.remove_roles(names);
                }
                Ok(change)
            };
            let changed = self.try_administer(&acting, user_id, Some(&role), decide);
            if changed.await?.is_some() {
                break role;
            }
            acting = self.renewed(&acting).await?;
        };
        let kind = if held {
            EventKind::RoleAdded
        } else {
            EventKind::RoleRemoved
        };
        let event = actor.event(kind).on("user", user_id);
        self.record(event.with("role", role.name), &actor.client);
        Ok(())
    }

    /// Deletes a user with everything that is his.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], [`Error::LastSuperadmin`], or a failure of the platform.
    pub async fn delete_member(&self, actor: &Actor, user_id: &str) -> Result<()> {
        let mut acting = actor.clone();
        let mut tries = 0..TRIES;
        let user = loop {
            tries.next().ok_or_else(always_changing)?;
            let deleted = self.try_delete(user_id, |member| {
                acting.may_administer(member)?;
                Ok(Some(self.grounds(&acting, [member.into()])))
            });
            if let Some(user) = deleted.await? {
                break user;
            }
            acting = self.renewed(&acting).await?;
        };
        let event = actor.event(EventKind::UserDeleted).on("user", user_id);
        self.record(event, &actor.client);
        self.notify_user(&user, MailKind::AccountDeleted, &Client::default());
        Ok(())
    }

    /// Starts a short session in which an administrator sees what a user below sees. It ends with the session, the rank and
    /// the permission that it rests on: [`authenticate`](Self::authenticate) looks at them with each request.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], [`Error::AccountDisabled`], or a failure of the platform.
    pub async fn impersonate(
        &self,
        actor: &Actor,
        user_id: &str,
        why: Option<&str>,
    ) -> Result<Impersonation> {
        let member = self.member(user_id).await?;
        // Not a peer, and so not himself, either.
        if !actor.holder().outranks(&(&member).into()) {
            return Err(Error::InsufficientRank);
        }
        let by = actor.user_id.clone().ok_or(Error::InsufficientRank)?;
        let now = self.platform.now();
        // First: without a key to sign with nothing must be stored.
        let keys = self.keys(now, Freshness::Usual).await?;
        let new = NewSession {
            session: Session {
                id: new_id(&self.platform),
                user_id: user_id.to_owned(),
                client_id: None,
                actor_id: Some(by),
                parent_id: actor.session_id.clone(),
                amr: Vec::new(),
                authenticated_at: now,
                created_at: now,
                last_seen_at: now,
                expires_at: now + self.config.impersonation_life,
                ip: actor.client.ip.map(|ip| ip.to_canonical().to_string()),
                token: None,
                user_agent: actor.client.user_agent.clone(),
                revoked_at: None,
                revocation_reason: None,
            },
            refresh_token: None,
            credential: None,
            ends_others: false,
        };
        let active = match self.platform.storage().start_session(new).await? {
            StartSessionOutcome::Started(started) => started.active,
            StartSessionOutcome::UserInactive => return Err(Error::AccountDisabled),
        };
        // The user may have risen meanwhile, or the administrator lost what it takes.
        if !self.is_live(&active, now) {
            let (id, reason) = (active.session.id, "insufficient_rank".to_owned());
            self.platform
                .storage()
                .revoke_session(id, now, reason)
                .await?;
            return Err(Error::InsufficientRank);
        }
        let mut event = actor.event(EventKind::UserImpersonated).on("user", user_id);
        event = event.with("started_session", active.session.id.as_str());
        if let Some(why) = why {
            event = event.with("reason", why);
        }
        self.record(event, &actor.client);
        let (access_token, expires_in) = self.access_token(&keys, now, &active)?;
        Ok(Impersonation {
            access_token,
            expires_in,
            member,
        })
    }
}

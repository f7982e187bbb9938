//! Changing a user: read, decide, and store what was decided if the user is still as he was read.

use core::time::Duration;

use crate::access::SUPERADMIN;
use crate::auth::Auth;
use crate::error::{Error, LinkError, Result};
use crate::identifier::{canonical, new_id};
use crate::platform::Platform;
use crate::profile::search_terms;
use crate::storage::{
    Account, ChangeOutcome, CreateUserOutcome, Credential, DeleteUserOutcome, Grounds, LoginName,
    Member, NewUser, SessionEnding, User, UserChange, Users as _, VoidedSecrets,
};
use crate::time::Timestamp;

/// What a change does, beginning with nothing.
pub(crate) struct Change {
    /// The user as he shall be; his times of change are seen to.
    pub(crate) user: User,
    /// Digest of a one-time secret that is used up.
    pub(crate) consumes: Option<String>,
    /// One-time secrets that are void.
    pub(crate) voids: Option<VoidedSecrets>,
    /// Kinds of credentials that go.
    pub(crate) deletes: Vec<&'static str>,
    /// Credentials that come.
    pub(crate) credentials: Vec<Credential>,
    /// Roles that come.
    pub(crate) adds_roles: Vec<String>,
    /// Roles that go.
    pub(crate) removes_roles: Vec<String>,
    /// Sessions that end.
    pub(crate) ends_sessions: Option<SessionEnding>,
    /// What the decision rests on besides the user.
    pub(crate) grounds: Option<Grounds>,
}

impl Change {
    pub(crate) fn of(user: User) -> Self {
        Self {
            user,
            consumes: None,
            voids: None,
            deletes: Vec::new(),
            credentials: Vec::new(),
            adds_roles: Vec::new(),
            removes_roles: Vec::new(),
            ends_sessions: None,
            grounds: None,
        }
    }

    /// Ends the user's sessions but for one.
    pub(crate) fn end_sessions(&mut self, except: Option<&str>, reason: &str) {
        self.ends_sessions = Some(SessionEnding {
            except: except.map(str::to_owned),
            only: None,
            only_acting: false,
            reason: reason.to_owned(),
        });
    }

    /// Takes roles away. What he does as another he may do no more, for all one knows: that ends.
    pub(crate) fn remove_roles(&mut self, roles: Vec<String>) {
        if !roles.is_empty() && self.ends_sessions.is_none() {
            self.ends_sessions = Some(SessionEnding {
                except: None,
                only: None,
                only_acting: true,
                reason: "role_removed".to_owned(),
            });
        }
        self.removes_roles = roles;
    }
}

/// A change that was stored.
pub(crate) struct Changed {
    /// The user after it.
    pub(crate) user: User,
    /// How many sessions it ended.
    pub(crate) ended: usize,
}

/// How often a change is decided anew when somebody else has changed meanwhile what it rests on.
pub(crate) const TRIES: usize = 4;

impl<P: Platform> Auth<P> {
    /// Changes a user, and returns him as he is then. `decide` is asked again when somebody else was faster.
    ///
    /// # Errors
    /// What `decide` says, [`Error::AccountGone`], [`Error::EmailTaken`], [`Error::UsernameTaken`], [`Error::Link`] for
    /// the one-time secret, or a failure of the platform.
    pub(crate) async fn change(
        &self,
        user_id: &str,
        mut decide: impl FnMut(Account) -> Result<Change>,
    ) -> Result<User> {
        for _ in 0..TRIES {
            if let Some(changed) = self
                .try_change(user_id, |member| decide(member.account))
                .await?
            {
                return Ok(changed.user);
            }
        }
        Err(always_changing())
    }

    /// The same once, for decisions that may rest on more. None: something that the decision rests on has changed meanwhile.
    pub(crate) async fn try_change(
        &self,
        user_id: &str,
        decide: impl FnOnce(Member) -> Result<Change>,
    ) -> Result<Option<Changed>> {
        let member = self
            .platform
            .storage()
            .find_member(user_id.to_owned())
            .await?
            .ok_or(Error::AccountGone)?;
        let seen = member.account.user.updated_at;
        let change = decide(member)?;
        let mut user = change.user;
        user.updated_at = later(self.platform.now(), seen);
        let key = |text: &Option<String>| text.as_deref().map(canonical);
        let outcome = self
            .platform
            .storage()
            .change_user(UserChange {
                id: new_id(&self.platform),
                email_key: key(&user.email),
                username_key: key(&user.username),
                user: user.clone(),
                expected_updated_at: seen,
                consumes: change.consumes,
                voids: change.voids,
                deletes_credentials: owned(&change.deletes),
                credentials: change.credentials,
                adds_roles: change.adds_roles,
                removes_roles: change.removes_roles,
                ends_sessions: change.ends_sessions,
                terms: search_terms(user.display_name.as_deref(), &user.profile),
                keeps_holder: Some(SUPERADMIN.to_owned()),
                grounds: change.grounds,
            })
            .await?;
        match outcome {
            ChangeOutcome::Changed(sessions) => {
                let ended = sessions.len();
                self.announce_ended(sessions, user.updated_at);
                Ok(Some(Changed { user, ended }))
            }
            ChangeOutcome::Conflict => Ok(None),
            ChangeOutcome::EmailTaken => Err(Error::EmailTaken),
            ChangeOutcome::UsernameTaken => Err(Error::UsernameTaken),
            ChangeOutcome::LastHolder => Err(Error::LastSuperadmin),
            ChangeOutcome::SecretRefused => Err(Error::Link(LinkError::Used)),
        }
    }

    /// A user to be, with nothing but an identifier.
    pub(crate) fn new_user(&self) -> User {
        let now = self.platform.now();
        User {
            id: new_id(&self.platform),
            email: None,
            email_verified_at: None,
            username: None,
            display_name: None,
            profile: "{}".to_owned(),
            disabled_at: None,
            locked_until: None,
            created_at: now,
            updated_at: now,
            last_login_at: None,
        }
    }

    /// Stores a user who was just made, unless somebody holds that role.
    ///
    /// # Errors
    /// [`Error::EmailTaken`], [`Error::UsernameTaken`], [`Error::AlreadySetUp`] where the role is held, or a failure of the
    /// platform.
    pub(crate) async fn create(
        &self,
        user: &User,
        credentials: Vec<Credential>,
        roles: Vec<String>,
        unless_held: Option<&str>,
    ) -> Result<()> {
        let new = NewUser {
            unless_held: unless_held.map(str::to_owned),
            ..new_record(user.clone(), credentials, roles)
        };
        match self.try_create(new).await? {
            true => Ok(()),
            false => Err(Error::Internal("a user without grounds lost them".into())),
        }
    }

    /// Stores a user who was just made. False: something that the decision rests on has changed meanwhile.
    ///
    /// # Errors
    /// Those of [`create`](Self::create).
    pub(crate) async fn try_create(&self, new: NewUser) -> Result<bool> {
        match self.platform.storage().create_user(new).await? {
            CreateUserOutcome::Created => Ok(true),
            CreateUserOutcome::Conflict => Ok(false),
            CreateUserOutcome::EmailTaken => Err(Error::EmailTaken),
            CreateUserOutcome::UsernameTaken => Err(Error::UsernameTaken),
            CreateUserOutcome::RoleHeld => Err(Error::AlreadySetUp),
            CreateUserOutcome::IdTaken => Err(Error::Internal("a new identifier is taken".into())),
        }
    }

    /// Deletes a user whom `decide` lets go, which ends his sessions. It is asked again when he was changed meanwhile.
    ///
    /// # Errors
    /// What `decide` says, [`Error::NotFound`], [`Error::LastSuperadmin`], or a failure of the platform.
    pub(crate) async fn delete(
        &self,
        user_id: &str,
        mut decide: impl FnMut(&Member) -> Result<()>,
    ) -> Result<User> {
        for _ in 0..TRIES {
            let deleted = self.try_delete(user_id, |member| decide(member).map(|()| None));
            if let Some(user) = deleted.await? {
                return Ok(user);
            }
        }
        Err(always_changing())
    }

    /// The same once, on the grounds that `decide` gives. None: something that the decision rests on has changed meanwhile.
    pub(crate) async fn try_delete(
        &self,
        user_id: &str,
        decide: impl FnOnce(&Member) -> Result<Option<Grounds>>,
    ) -> Result<Option<User>> {
        let member = self.member(user_id).await?;
        let grounds = decide(&member)?;
        let user = member.account.user;
        let now = self.platform.now();
        let keeps_holder = Some(SUPERADMIN.to_owned());
        let storage = self.platform.storage();
        let deleted = storage.delete_user(
            user_id.to_owned(),
            user.updated_at,
            now,
            keeps_holder,
            grounds,
        );
        match deleted.await? {
            DeleteUserOutcome::Deleted(ended) => {
                self.announce_ended(ended, now);
                Ok(Some(user))
            }
            DeleteUserOutcome::Conflict => Ok(None),
            DeleteUserOutcome::Unknown => Err(Error::NotFound("user")),
            DeleteUserOutcome::LastHolder => Err(Error::LastSuperadmin),
        }
    }

    /// The user of that identifier, with his credentials.
    pub(crate) async fn find_by_id(&self, user_id: &str) -> Result<Option<Account>> {
        let name = LoginName::Id(user_id.to_owned());
        Ok(self.platform.storage().find_account(name).await?)
    }
}

/// A user with what is derived of him.
pub(crate) fn new_record(user: User, credentials: Vec<Credential>, roles: Vec<String>) -> NewUser {
    NewUser {
        email_key: user.email.as_deref().map(canonical),
        username_key: user.username.as_deref().map(canonical),
        credentials,
        roles,
        terms: search_terms(user.display_name.as_deref(), &user.profile),
        unless_held: None,
        grounds: None,
        user,
    }
}

pub(crate) fn always_changing() -> Error {
    Error::Unavailable("the user is being changed by others all the time".into())
}

/// Now, or a moment after what was there before: a change is known by its time.
pub(crate) fn later(now: Timestamp, before: Timestamp) -> Timestamp {
    now.max(before + Duration::from_millis(1))
}

/// Owned texts.
fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

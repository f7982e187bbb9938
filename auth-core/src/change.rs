//! Changing a user: read, decide, and store what was decided if the user is still as he was read.

use core::time::Duration;

use crate::access::SUPERADMIN;
use crate::auth::Auth;
use crate::error::{Error, LinkError, Result};
use crate::identifier::{canonical, new_id};
use crate::platform::Platform;
use crate::profile::search_terms;
use crate::storage::{
    Account, ChangeOutcome, CreateUserOutcome, Credential, DeleteUserOutcome, LoginName, Member,
    NewUser, SessionEnding, Storage as _, User, UserChange, VoidedSecrets,
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
        }
    }

    /// Ends the user's sessions but for one.
    pub(crate) fn end_sessions(&mut self, except: Option<&str>, reason: &str) {
        self.ends_sessions = Some(SessionEnding {
            except: except.map(str::to_owned),
            only_acting: false,
            reason: reason.to_owned(),
        });
    }

    /// Takes roles away. What he does as another he may do no more, for all one knows: that ends.
    pub(crate) fn remove_roles(&mut self, roles: Vec<String>) {
        if !roles.is_empty() && self.ends_sessions.is_none() {
            self.ends_sessions = Some(SessionEnding {
                except: None,
                only_acting: true,
                reason: "role_removed".to_owned(),
            });
        }
        self.removes_roles = roles;
    }
}

/// How often a change is decided anew when somebody else has changed the user meanwhile.
const TRIES: usize = 4;

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
        self.change_member(user_id, |member| decide(member.account))
            .await
    }

    /// The same, for decisions that take what the user may do.
    pub(crate) async fn change_member(
        &self,
        user_id: &str,
        mut decide: impl FnMut(Member) -> Result<Change>,
    ) -> Result<User> {
        for _ in 0..TRIES {
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
                })
                .await?;
            match outcome {
                ChangeOutcome::Changed(ended) => {
                    self.announce_ended(ended, user.updated_at);
                    return Ok(user);
                }
                ChangeOutcome::Conflict => {}
                ChangeOutcome::EmailTaken => return Err(Error::EmailTaken),
                ChangeOutcome::UsernameTaken => return Err(Error::UsernameTaken),
                ChangeOutcome::LastHolder => return Err(Error::LastSuperadmin),
                ChangeOutcome::SecretRefused => return Err(Error::Link(LinkError::Used)),
            }
        }
        Err(always_changing())
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
        let created = self.platform.storage().create_user(NewUser {
            unless_held: unless_held.map(str::to_owned),
            ..new_record(user.clone(), credentials, roles)
        });
        match created.await? {
            CreateUserOutcome::Created => Ok(()),
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
        let storage = self.platform.storage();
        for _ in 0..TRIES {
            let member = self.member(user_id).await?;
            decide(&member)?;
            let user = member.account.user;
            let now = self.platform.now();
            let keeps_holder = Some(SUPERADMIN.to_owned());
            let deleted =
                storage.delete_user(user_id.to_owned(), user.updated_at, now, keeps_holder);
            match deleted.await? {
                DeleteUserOutcome::Deleted(ended) => {
                    self.announce_ended(ended, now);
                    return Ok(user);
                }
                DeleteUserOutcome::Conflict => {}
                DeleteUserOutcome::Unknown => return Err(Error::NotFound("user")),
                DeleteUserOutcome::LastHolder => return Err(Error::LastSuperadmin),
            }
        }
        Err(always_changing())
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
        user,
    }
}

fn always_changing() -> Error {
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

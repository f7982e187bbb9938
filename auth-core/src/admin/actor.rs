//! The actor: the person who administers.

use crate::access::{HIGHEST_RANK, Holder, SUPERADMIN};
use crate::audit::event::{Event, EventKind};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::storage::{ActiveSession, Role, SeenStanding, Standing, Subject, UserDetails};

/// The person who administers: a signed-in user, or the operator, who has access to the database.
///
/// A host checks the permission that a route needs; the core decides what the actor may do to whom.
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
    /// Returns the user of a session, who has the permission that the route needs.
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

    /// Returns the operator, who has access to the database and so has full rights.
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

    /// Returns the user's identifier, or `None` for the operator, who is no user.
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// Returns the actor's roles, permissions and rank.
    pub fn holder(&self) -> Holder<'_> {
        Holder {
            roles: &self.roles,
            permissions: &self.permissions,
            rank: self.rank,
        }
    }

    /// Whether the session is an impersonation: an administrator acts as its user.
    pub fn impersonates(&self) -> bool {
        self.impersonates
    }

    pub(crate) fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    /// Returns the permission that the route needs.
    pub(crate) fn needed(&self) -> Option<&'static str> {
        self.needed
    }

    /// Returns the standing that the actor's decisions rest on, or `None` for the operator, whose standing never
    /// changes.
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

    /// Returns the client that sends the request.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns an event with this actor.
    pub(crate) fn event(&self, kind: EventKind) -> Event {
        Event::new(kind)
            .by(self.user_id.as_deref())
            .during(self.session_id.as_deref())
    }

    pub(crate) fn may_administer(&self, member: &UserDetails) -> Result<()> {
        // Also for the actor's own account: as an administrator, the actor has no more rights there than on others.
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

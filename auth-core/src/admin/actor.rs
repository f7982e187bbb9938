//! Who administers.

use crate::access::{HIGHEST_RANK, Holder, SUPERADMIN};
use crate::audit::event::{Event, EventKind};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::storage::{ActiveSession, Role, SeenStanding, Standing, Subject, UserDetails};

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

    pub(crate) fn may_administer(&self, member: &UserDetails) -> Result<()> {
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

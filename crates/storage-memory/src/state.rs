//! All stored data, behind one lock.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gatewright_storage::{
    AuditEvent, Document, LimitState, NewUser, OneTimeSecret, PasswordCost, Permission, Role,
    Session, StoredSigningKey, Timestamp,
};

use crate::built_in;

/// Storage in memory. All data is behind one lock, so that each function is atomic.
#[derive(Default)]
pub struct MemoryStorage(Mutex<State>);

pub(crate) struct State {
    /// Users by identifier. Their `roles` are identifiers here, because names can change.
    pub(crate) users: BTreeMap<String, NewUser>,
    /// Roles by identifier. Their `permissions` are identifiers here, because names can change.
    pub(crate) roles: BTreeMap<String, Role>,
    pub(crate) permissions: BTreeMap<String, Permission>,
    pub(crate) sessions: BTreeMap<String, Session>,
    pub(crate) tokens: BTreeMap<String, Token>,
    pub(crate) secrets: BTreeMap<String, OneTimeSecret>,
    pub(crate) costs: BTreeMap<String, PasswordCost>,
    pub(crate) keys: BTreeMap<String, StoredSigningKey>,
    pub(crate) limits: BTreeMap<String, LimitState>,
    pub(crate) documents: BTreeMap<String, Document>,
    pub(crate) events: BTreeMap<String, AuditEvent>,
    /// The number of events by kind and reason.
    pub(crate) counts: BTreeMap<(String, String), u64>,
    pub(crate) key_fingerprint: Option<String>,
}

pub(crate) struct Token {
    pub(crate) session_id: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) names_session: bool,
    pub(crate) consumed: Option<Consumed>,
}

pub(crate) struct Consumed {
    pub(crate) at: Timestamp,
    pub(crate) successor: String,
    pub(crate) ciphertext: String,
}

impl Default for State {
    fn default() -> Self {
        let by_id = |one: Permission| (one.id.clone(), one);
        let permissions = built_in::permissions().map(by_id).collect();
        let roles = built_in::roles(&permissions);
        Self {
            users: BTreeMap::new(),
            roles: roles.map(|role| (role.id.clone(), role)).collect(),
            permissions,
            sessions: BTreeMap::new(),
            tokens: BTreeMap::new(),
            secrets: BTreeMap::new(),
            costs: BTreeMap::new(),
            keys: BTreeMap::new(),
            limits: BTreeMap::new(),
            documents: BTreeMap::new(),
            events: BTreeMap::new(),
            counts: BTreeMap::new(),
            key_fingerprint: None,
        }
    }
}

impl MemoryStorage {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Roles and permissions.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::basics::{at, id, names};

pub(crate) fn role(number: u64, name: &str, permissions: &[&str], seconds: u64) -> Role {
    Role {
        id: id(number),
        name: name.to_owned(),
        description: format!("{name}, zo\u{eb}"),
        built_in: false,
        rank: number % 1000,
        permissions: names(permissions),
        updated_at: at(seconds),
    }
}

pub(crate) fn permission(number: u64, name: &str, seconds: u64) -> Permission {
    Permission {
        id: id(number),
        name: name.to_owned(),
        description: format!("{name}, zo\u{eb}"),
        built_in: false,
        updated_at: at(seconds),
    }
}

/// The common part of roles and permissions.
pub(crate) trait Named: Clone + PartialEq + std::fmt::Debug + Sync {
    fn new(number: u64, name: &str, seconds: u64) -> Self;
    fn id(&self) -> &str;
    fn all(storage: &impl Storage) -> Vec<Self>;
    fn store(self, storage: &impl Storage, expected: Option<Timestamp>) -> StoreOutcome;
    fn delete(storage: &impl Storage, id: String) -> bool;

    fn one(storage: &impl Storage, id: &str) -> Option<Self> {
        Self::all(storage).into_iter().find(|one| one.id() == id)
    }
}

impl Named for Role {
    fn new(number: u64, name: &str, seconds: u64) -> Self {
        role(number, name, &["users:read"], seconds)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn all(storage: &impl Storage) -> Vec<Self> {
        block_on(storage.list_roles()).unwrap()
    }

    fn store(self, storage: &impl Storage, expected: Option<Timestamp>) -> StoreOutcome {
        block_on(storage.store_role(self, expected, None, vec![])).unwrap()
    }

    fn delete(storage: &impl Storage, id: String) -> bool {
        block_on(storage.delete_role(id, None, vec![])).unwrap()
    }
}

impl Named for Permission {
    fn new(number: u64, name: &str, seconds: u64) -> Self {
        permission(number, name, seconds)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn all(storage: &impl Storage) -> Vec<Self> {
        block_on(storage.list_permissions()).unwrap()
    }

    fn store(self, storage: &impl Storage, expected: Option<Timestamp>) -> StoreOutcome {
        block_on(storage.store_permission(self, expected, None, vec![])).unwrap()
    }

    fn delete(storage: &impl Storage, id: String) -> bool {
        block_on(storage.delete_permission(id, None, vec![])).unwrap()
    }
}

/// Stores a new role or permission.
pub(crate) fn store_new(storage: &impl Storage, one: impl Named) {
    assert_eq!(
        one.clone().store(storage, None),
        StoreOutcome::Stored,
        "{one:?}"
    );
}

/// Stores a changed role or permission whose last change was at these seconds.
pub(crate) fn store_over(storage: &impl Storage, one: impl Named, seconds: u64) {
    let outcome = one.clone().store(storage, Some(at(seconds)));
    assert_eq!(outcome, StoreOutcome::Stored, "{one:?}");
}

//! The order in which records of a file are sent.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use gatewright_transfer::{ImportUser, Item, Record, canonical, email_key};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Records that are imported together.
pub(super) struct Round {
    pub(super) records: Vec<Record>,
    /// Positions of the users to send, in the order of sending.
    pub(super) order: Vec<usize>,
}

impl Round {
    /// Sorts users by address, because neighbours in this order are neighbours in the indexes of the database. If two
    /// users have the same user name, ID or identity, the order of the file stays, because the first one gets it. A user that the
    /// service would take for an earlier one is not sent.
    pub(super) fn new(records: Vec<Record>, known: &mut Known) -> Self {
        let mut order = Vec::with_capacity(records.len());
        let (mut usernames, mut ids, mut identities) =
            (HashSet::new(), HashSet::new(), HashSet::new());
        let mut come_once = true;
        for (place, record) in records.iter().enumerate() {
            let Ok(Item::User(user)) = &record.item else {
                continue;
            };
            let names = Names::of(user);
            if known.take(&names) {
                continue;
            }
            let Names {
                email,
                username,
                id,
            } = names;
            come_once &= id.is_none_or(|id| ids.insert(id));
            if let Some(username) = &username {
                come_once &= usernames.insert(username.clone());
            }
            for identity in user.identities.iter().flatten() {
                let key = (identity.issuer.clone(), identity.subject.clone());
                come_once &= identities.insert(key);
            }
            order.push((email.or(username), place));
        }
        if come_once {
            order.sort();
        }
        Self {
            records,
            order: order.into_iter().map(|(_, place)| place).collect(),
        }
    }
}

/// The identity of a user, in the form that the service compares.
pub(super) struct Names {
    email: Option<String>,
    username: Option<String>,
    id: Option<Uuid>,
}

impl Names {
    pub(super) fn of(user: &ImportUser) -> Self {
        let given = |text: &Option<String>| {
            let text = text.as_deref().map(str::trim);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Self {
            email: given(&user.email).map(|text| email_key(&text)),
            username: given(&user.username).map(|text| canonical(&text)),
            id: user
                .id
                .as_deref()
                .and_then(|text| Uuid::parse_str(text.trim()).ok()),
        }
    }
}

/// The users of the file so far: digests of names, which have a fixed length, and IDs.
#[derive(Default)]
pub(super) struct Known(HashMap<[u8; 16], Option<Uuid>>);

impl Known {
    /// Remembers a user by address, or by name if there is no address. Returns whether the service would take the user
    /// for an earlier one.
    pub(super) fn take(&mut self, names: &Names) -> bool {
        let Some(name) = names.email.as_ref().or(names.username.as_ref()) else {
            return false;
        };
        let digest = Sha256::digest(name);
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        match self.0.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(names.id);
                false
            }
            // The same record again is not another user.
            Entry::Occupied(entry) => names.id.is_none() || *entry.get() != names.id,
        }
    }
}

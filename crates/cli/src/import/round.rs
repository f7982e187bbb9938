//! What of a file goes together, and in which order.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use gatewright_transfer::{ImportUser, Item, Record, canonical, email_key};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// What is imported together.
pub(super) struct Round {
    pub(super) records: Vec<Record>,
    /// Places of the users who are sent, in the order in which they are.
    pub(super) order: Vec<usize>,
}

impl Round {
    /// A user goes beside those whose addresses are like his, as their places in the indexes are near each other; not
    /// where two have one name or identifier, which the first one of the file gets. Who is taken for another one before
    /// is not sent.
    pub(super) fn new(records: Vec<Record>, known: &mut Known) -> Self {
        let mut order = Vec::with_capacity(records.len());
        let (mut usernames, mut ids, mut come_once) = (HashSet::new(), HashSet::new(), true);
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

/// By what the service knows a user, as it compares that.
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

/// Who was in the file so far: digests of names, which are as long for everybody, and identifiers.
#[derive(Default)]
pub(super) struct Known(HashMap<[u8; 16], Option<Uuid>>);

impl Known {
    /// Remembers a user by his address, or his name where he has none. Says whether another one was there before whom the
    /// service would take for him.
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
            // The same one once more is nobody else.
            Entry::Occupied(entry) => names.id.is_none() || *entry.get() != names.id,
        }
    }
}

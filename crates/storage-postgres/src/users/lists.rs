//! New users as parameters of a statement: a list for each column.

use std::collections::BTreeSet;

use gatewright_storage::{Identity, NewUser};

use crate::audit::{IF_CHANGED, append_with};
use crate::executor::Statement;
use crate::identities;
use crate::value::Value;

/// Rows, as a list for each column. Lists cost the server less than JSON.
struct Rows(Vec<Value>);

/// The type of a column.
#[derive(Clone, Copy)]
enum Type {
    Integer,
    Text,
}
use Type::{Integer, Text};

impl Rows {
    fn new(types: &[Type]) -> Self {
        let list = |ty: &Type| match ty {
            Integer => Value::Integers(vec![]),
            Text => Value::Texts(vec![]),
        };
        Self(types.iter().map(list).collect())
    }

    fn push(&mut self, row: impl IntoIterator<Item = Value>) {
        for (list, value) in self.0.iter_mut().zip(row) {
            match (list, value) {
                (Value::Integers(list), Value::Integer(number)) => list.push(Some(number)),
                (Value::Texts(list), Value::Text(text)) => list.push(Some(text)),
                (Value::Integers(list), _) => list.push(None),
                (Value::Texts(list), _) => list.push(None),
                _ => {}
            }
        }
    }
}

const USERS: [Type; 17] = [
    Integer, Text, Text, Text, Integer, Text, Text, Text, Text, Integer, Integer, Integer, Integer,
    Integer, Integer, Text, Integer,
];
const CREDENTIALS: [Type; 10] = [
    Integer, Text, Text, Text, Text, Integer, Text, Integer, Integer, Integer,
];
const IDENTITIES: [Type; 10] = [
    Integer, Text, Text, Text, Text, Text, Text, Integer, Integer, Text,
];
/// Names that users have several of: places, identifiers of users, and names.
const NAMES: [Type; 3] = [Integer, Text, Text];

/// The columns of users that say who they are: place, identifier, keys of address and name, identities, and whether an earlier
/// user has one of the identities.
pub(super) const KEYS: [usize; 6] = [0, 1, 3, 6, 15, 16];

/// The place of the first user of a list, so that all places have the same number of digits and marks sort by them.
const FIRST: i64 = 10_000;

/// New users.
pub(super) struct Lists {
    /// The columns of users, credentials, identities, roles and terms.
    pub(super) rows: Vec<Value>,
    /// Whether two users have the same key.
    pub(super) repeats: bool,
    /// The statements that store the events of the stored users.
    pub(super) events: Vec<Statement>,
}

/// Returns the lists of new users. The change and a user's place in its list are the mark of the user.
pub(super) fn lists(change_id: &str, new: Vec<NewUser>) -> Lists {
    let mut users = Rows::new(&USERS);
    let (mut credentials, mut identities) = (Rows::new(&CREDENTIALS), Rows::new(&IDENTITIES));
    let (mut roles, mut terms) = (Rows::new(&NAMES), Rows::new(&NAMES));
    let (mut seen, mut identity_repeats, mut events) = (BTreeSet::new(), false, vec![]);
    for (place, new) in (FIRST..).zip(new) {
        let user = new.user;
        let of_user = || [Value::Integer(place), user.id.as_str().into()];
        for held in new.credentials {
            credentials.push(of_user().into_iter().chain([
                held.id.into(),
                held.kind.into(),
                held.secret.into(),
                held.counter.into(),
                held.label.into(),
                held.created_at.into(),
                held.updated_at.into(),
                held.last_used_at.into(),
            ]));
        }
        let mark = format!("{change_id}/{place}");
        events.extend(append_with(IF_CHANGED, new.events, &[&user.id, &mark]));
        let pairs = identities::pairs(&new.identities);
        let key = |one: &Identity| (one.issuer.clone(), one.subject.clone());
        let repeats = new.identities.iter().any(|one| seen.contains(&key(one)));
        identity_repeats |= repeats;
        seen.extend(new.identities.iter().map(key));
        for identity in new.identities {
            identities.push(of_user().into_iter().chain(identities::fields(identity)));
        }
        for (rows, names) in [(&mut roles, new.roles), (&mut terms, new.search_terms)] {
            for name in BTreeSet::from_iter(names) {
                rows.push(of_user().into_iter().chain([name.into()]));
            }
        }
        users.push([
            Value::Integer(place),
            user.id.into(),
            user.email.into(),
            new.email_key.into(),
            user.email_verified_at.into(),
            user.username.into(),
            new.username_key.into(),
            user.display_name.into(),
            user.profile.into(),
            user.disabled_at.into(),
            user.locked_until.into(),
            user.created_at.into(),
            user.updated_at.into(),
            user.last_login_at.into(),
            user.email_proved_at.into(),
            pairs,
            Value::Integer(repeats.into()),
        ]);
    }
    let repeats = identity_repeats || KEYS.iter().any(|at| has_text_twice(&users.0[*at]));
    let rows = [users, credentials, identities, roles, terms];
    Lists {
        rows: rows.into_iter().flat_map(|rows| rows.0).collect(),
        repeats,
        events,
    }
}

fn has_text_twice(column: &Value) -> bool {
    let Value::Texts(texts) = column else {
        return false;
    };
    let mut texts: Vec<_> = texts.iter().flatten().collect();
    texts.sort_unstable();
    texts.windows(2).any(|pair| pair[0] == pair[1])
}

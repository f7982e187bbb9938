//! Pages of the list of users.

use gatewright_storage::{
    Cursor, NewUser, StorageError, TimeRange, Timestamp, User, UserOrder, UserPage, UserQuery,
};

use crate::range::within;
use crate::state::State;

/// The position of a user in a list: the part of a search, the number or the text of the sort key, and the identifier.
type Position = (u64, Option<u64>, String, String);

/// Returns the position of a user. `None` means that the search does not match the user.
fn position(query: &UserQuery, user: &NewUser) -> Option<Position> {
    let text = |key: &Option<String>| (0, None, key.clone().unwrap_or_default());
    let time = |time: Option<Timestamp>| (0, time.map(Timestamp::as_millis), String::new());
    let (part, number, text) = match (&query.search, query.order) {
        (Some(search), _) => {
            let begins = |key: &&String| key.starts_with(search);
            let address = user.email_key.iter().find(begins).map(|key| (0, key));
            let name = || user.username_key.iter().find(begins).map(|key| (1, key));
            let term = || {
                user.search_terms
                    .iter()
                    .filter(begins)
                    .min()
                    .map(|key| (2, key))
            };
            let (part, key) = address.or_else(name).or_else(term)?;
            (part, None, key.clone())
        }
        (None, UserOrder::CreatedAt) => time(Some(user.user.created_at)),
        (None, UserOrder::LastLoginAt) => time(user.user.last_login_at),
        (None, UserOrder::Email) => text(&user.email_key),
        (None, UserOrder::Username) => text(&user.username_key),
    };
    Some((part, number, text, user.user.id.clone()))
}

/// Returns a cursor of part, identifier and key. The key is last, because it can contain any text.
fn cursor((part, number, text, id): &Position) -> Cursor {
    let key = number.map_or_else(|| text.clone(), |number| number.to_string());
    Cursor::new(format!("{part} {id} {key}"))
}

fn position_of(query: &UserQuery, cursor: &Cursor) -> Option<Position> {
    let mut fields = cursor.as_str().splitn(3, ' ');
    let part = fields.next()?.parse().ok()?;
    let (id, key) = (fields.next()?.to_owned(), fields.next()?.to_owned());
    Some(match (&query.search, query.order) {
        (None, UserOrder::CreatedAt | UserOrder::LastLoginAt) => {
            (part, key.parse().ok(), String::new(), id)
        }
        _ => (part, None, key, id),
    })
}

/// Returns whether a user passes every filter except the role and the provider.
fn passes(query: &UserQuery, user: &User) -> bool {
    let is = |wanted: Option<bool>, what: bool| wanted.is_none_or(|wanted| wanted == what);
    is(query.verified, user.email_verified_at.is_some())
        && is(query.disabled, user.disabled_at.is_some())
        && is(query.locked, user.locked_until > Some(query.now))
        && within(query.created, user.created_at)
        && match user.last_login_at {
            Some(time) => within(query.last_login, time),
            None => query.last_login == TimeRange::default(),
        }
}

impl State {
    /// Returns a page of the list.
    pub(crate) fn list(&self, query: &UserQuery) -> Result<UserPage, StorageError> {
        let role = query.role.as_ref().map(|role| self.role_ids(&[role]));
        let users = self.users.values().filter(|user| {
            let has_role = |wanted: &Vec<String>| wanted.iter().any(|id| user.roles.contains(id));
            let of_provider = |wanted: &String| {
                let mut theirs = user.identities.iter();
                theirs.any(|identity| identity.provider == *wanted)
            };
            role.as_ref().is_none_or(has_role)
                && query.provider.as_ref().is_none_or(of_provider)
                && passes(query, &user.user)
        });
        let mut found: Vec<_> = users
            .filter_map(|user| Some((position(query, user)?, user)))
            .collect();
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        let descending = query.descending && query.search.is_none();
        if descending {
            found.reverse();
        }
        if let Some(cursor) = &query.after {
            let unknown = || StorageError::Invalid("the cursor belongs to another list".to_owned());
            let after = position_of(query, cursor).ok_or_else(unknown)?;
            found.retain(|(position, _)| match descending {
                true => *position < after,
                false => *position > after,
            });
        }
        let limit = query.limit as usize;
        let next = match found.get(limit) {
            Some(_) => found[..limit].last().map(|(position, _)| cursor(position)),
            None => None,
        };
        found.truncate(limit);
        let users = found.iter().map(|(_, user)| self.member(user)).collect();
        Ok(UserPage { users, next })
    }
}

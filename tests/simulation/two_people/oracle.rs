//! The owner of an account, whether anything of the other person leads there, and whether the account is still there.

use std::collections::{BTreeMap, BTreeSet};

use auth_core::Platform as _;
use auth_core::password::{Hasher, Parameters};
use auth_core::storage::{Identity, User, UserDetails, UserQuery, Users as _};
use futures::executor::block_on;

use super::person::Person;
use super::rules::Service;

/// Returns all accounts.
pub(super) fn all_users(auth: &Service) -> Vec<UserDetails> {
    let query = UserQuery {
        limit: 100,
        ..UserQuery::default()
    };
    let listed = auth.platform().storage().inner.list_users(query);
    block_on(listed).unwrap().users
}

fn is_proved(user: &User) -> bool {
    user.email_proved_at.is_some() || user.email_verified_at.is_some()
}

/// Returns the name of the person who owns an account: the owner of the mailbox once the address is proved, before that
/// the person who has created it.
pub(super) fn owner(user: &User) -> &str {
    let email = user.email.as_deref().filter(|_| is_proved(user));
    let mailbox = email.and_then(|email| email.get(..3));
    mailbox.or(user.display_name.as_deref()).unwrap()
}

/// The facts that were seen so far.
#[derive(Default)]
pub(super) struct Oracle {
    /// For each password by its identifier whether it is the password of the person with this name.
    passwords: BTreeMap<(String, &'static str), bool>,
    /// The owners of accounts at the last check, and whether they had proved the address. Such an account stays theirs.
    owners: BTreeMap<String, (String, bool)>,
    handed_over: usize,
    /// The accounts whose address was proved once, or that somebody has signed in to.
    used: BTreeSet<String>,
}

impl Oracle {
    /// Returns the number of accounts that were created by one person and are the other's since they proved the address.
    pub(super) fn handed_over(&self) -> usize {
        self.handed_over
    }

    /// Describes the first thing of one person that leads to the account of the other, or an account that has vanished
    /// although nobody wanted to delete one. Forgets sessions that have ended.
    pub(super) fn violation(
        &mut self,
        auth: &Service,
        people: &mut [Person; 2],
        deletes: bool,
    ) -> Option<String> {
        let storage = &auth.platform().storage().inner;
        storage.reliably(|| self.any_violation(auth, people, deletes))
    }

    fn any_violation(
        &mut self,
        auth: &Service,
        people: &mut [Person; 2],
        deletes: bool,
    ) -> Option<String> {
        let users = all_users(auth);
        let is_there = |id: &String| users.iter().any(|member| member.account.user.id == *id);
        if let Some(id) = self.used.iter().find(|id| !deletes && !is_there(id)) {
            return Some(format!("the account {id} has vanished"));
        }
        self.used.retain(is_there);
        for member in &users {
            let user = &member.account.user;
            if is_proved(user) || user.last_login_at.is_some() {
                self.used.insert(user.id.clone());
            }
            let now = owner(user).to_owned();
            let proved = (now.clone(), is_proved(user));
            match self.owners.insert(user.id.clone(), proved) {
                Some((before, true)) if before != now => {
                    return Some(format!("the account of {before}: {user:?}"));
                }
                Some((before, false)) if before != now => self.handed_over += 1,
                _ => {}
            }
            for other in people.iter().filter(|person| person.name != now) {
                if let Some(what) = self.of(other, member) {
                    return Some(format!("{what} of {} in {user:?}", other.name));
                }
            }
        }
        for person in people {
            let mut live = Vec::new();
            for token in std::mem::take(&mut person.sessions) {
                if let Ok(active) = block_on(auth.sessions().authenticate(&token)) {
                    if owner(&active.user) != person.name {
                        return Some(format!("a session of {} in {:?}", person.name, active.user));
                    }
                    live.push(token);
                }
            }
            person.sessions = live;
        }
        None
    }

    /// Describes what an account has of a person.
    fn of(&mut self, person: &Person, member: &UserDetails) -> Option<String> {
        let is_theirs = |identity: &&Identity| {
            let provider = identity.provider.as_str();
            person.subjects.get(provider) == Some(&identity.subject.as_str())
        };
        if let Some(identity) = member.identities.iter().find(is_theirs) {
            return Some(format!("the identity at {}", identity.provider));
        }
        for credential in &member.account.credentials {
            if person.factors.contains(&credential.id) {
                return Some(format!("the factor {}", credential.kind));
            }
            if credential.kind == "password" {
                let key = (credential.id.clone(), person.name);
                let is_theirs = self.passwords.entry(key).or_insert_with(|| {
                    let hasher = Hasher::new(Parameters::new(64, 1, 1).unwrap());
                    hasher.verify(person.password, &credential.secret).unwrap()
                });
                if *is_theirs {
                    return Some("the password".to_owned());
                }
            }
        }
        None
    }
}

//! In every history of two people, neither gets the other's account, and no account vanishes: whatever they ask for, in
//! whatever order, and also if two requests run at once and take turns at each call of storage.

mod actions;
mod actor;
mod factor;
mod mailbox;
mod oracle;
mod person;
mod provider;
mod rules;
mod turns;
mod within;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use auth_core::{Actor as Administrator, Platform as _, UserUpdate};
use futures::executor::block_on;
use gatewright_tests::Unreliable;
use gatewright_tests::simulation::after_answer;

use crate::client;

use actions::act;
use actor::Actor;
use mailbox::present_everything;
use oracle::{Oracle, all_users, owner};
use person::{DELETES, Gain, Numbers, Person, people};
use rules::{Rules, Service};
use turns::take_turns;

/// The default number of histories for each combination of settings; `GATEWRIGHT_HISTORIES` overrides it.
const HISTORIES: u64 = 100;

/// The outcome of all histories: for each action how often it was tried and done.
#[derive(Default)]
struct Tally {
    actions: BTreeMap<&'static str, (u32, u32)>,
    /// Accounts of one person that became the other's, because the other has proved the address.
    handed_over: usize,
}

struct History {
    auth: Service,
    rules: Rules,
    numbers: Numbers,
    people: [Person; 2],
    /// The address that most actions are about.
    topic: &'static str,
    oracle: Oracle,
}

impl History {
    fn new(rules: Rules, seed: u64, storage: Unreliable) -> Self {
        let (mut numbers, people) = (Numbers::new(seed), people());
        Self {
            auth: rules.service(seed, storage),
            rules,
            topic: people[numbers.below(2)].emails[numbers.below(2)],
            numbers,
            people,
            oracle: Oracle::default(),
        }
    }

    /// One action of a person, or two at once, of the same person or of both.
    fn step(&mut self, tally: &mut Tally) {
        if self.numbers.one_in(12) {
            let seconds = [20, 61, 601][self.numbers.below(3)];
            self.auth.platform().advance(Duration::from_secs(seconds));
        }
        let first = self.numbers.below(2);
        let actors = [&[first][..], &[first, first], &[first, 1 - first]];
        let actors = actors[self.numbers.below(3)];
        let mut tasks: Vec<Pin<Box<dyn Future<Output = Gain> + '_>>> = Vec::new();
        for actor in actors {
            let actor = Actor {
                auth: &self.auth,
                rules: self.rules,
                me: self.people[*actor].clone(),
                other: self.people[1 - actor].clone(),
                topic: self.topic,
                numbers: self.numbers.fork(),
            };
            tasks.push(Box::pin(act(actor)));
        }
        let gains = take_turns(&mut self.numbers, tasks);
        let deletes = may_delete(&gains);
        for (actor, gain) in actors.iter().zip(gains) {
            let (tried, done) = tally.actions.entry(gain.action).or_default();
            *tried += 1;
            *done += u32::from(gain.is_done);
            self.people[*actor].take(gain);
        }
        after_answer(&self.auth);
        self.check(deletes);
        if self.numbers.one_in(10) {
            self.administer(tally);
            self.check(false);
        }
    }

    /// An administrator gives an account the other address of its owner, which nobody has proved then. It is an account
    /// that its owner created, so that it is theirs as long as the address is not proved.
    fn administer(&mut self, tally: &mut Tally) {
        let storage = &self.auth.platform().storage().inner;
        let users = storage.reliably(|| all_users(&self.auth));
        let users: Vec<_> = users
            .into_iter()
            .map(|member| member.account.user)
            .collect();
        let Some(user) = self.numbers.any(&users) else {
            return;
        };
        let mut people = self.people.iter();
        let Some(person) = people.find(|person| person.name == owner(user)) else {
            return;
        };
        if user.display_name.as_deref() != Some(person.name) {
            return;
        }
        let mut emails = person.emails.into_iter();
        let update = UserUpdate {
            email: emails.find(|email| user.email.as_deref() != Some(*email)),
            ..UserUpdate::default()
        };
        let administrator = Administrator::operator(client());
        let changed = block_on(self.auth.users().update(&administrator, &user.id, update));
        let (tried, done) = tally.actions.entry("administer").or_default();
        *tried += 1;
        *done += u32::from(changed.is_ok());
        after_answer(&self.auth);
    }

    /// In the end, each person presents whatever they still hold.
    fn end(&mut self) {
        let first = self.numbers.below(2);
        for actor in [first, 1 - first] {
            let gains = block_on(present_everything(
                &self.auth,
                self.rules,
                &self.people[actor],
            ));
            let deletes = may_delete(&gains);
            for gain in gains {
                self.people[actor].take(gain);
            }
            after_answer(&self.auth);
            self.check(deletes);
        }
    }

    fn check(&mut self, deletes: bool) {
        let found = self.oracle.violation(&self.auth, &mut self.people, deletes);
        assert!(found.is_none(), "{}", found.unwrap_or_default());
    }
}

/// Whether an account may have been deleted, also by an action that failed afterwards.
fn may_delete(gains: &[Gain]) -> bool {
    gains.iter().any(|gain| DELETES.contains(&gain.action))
}

/// Runs histories with each combination of settings. Returns their number for each, and the outcome of all.
fn run(usually: u64, storage: impl Fn(u64) -> Unreliable) -> (u64, Tally) {
    let asked = std::env::var("GATEWRIGHT_HISTORIES").ok();
    let histories = asked.map_or(usually, |text| text.parse().unwrap());
    let mut tally = Tally::default();
    for (place, rules) in (0..).zip(Rules::all()) {
        for number in 0..histories {
            let seed = place * 1_000_003 + number;
            let needs_city = number % 4 == 0;
            let rules = Rules {
                needs_city,
                ..rules
            };
            let mut history = History::new(rules, seed, storage(seed));
            let steps = 20 + history.numbers.below(21);
            for step in 0..=steps {
                let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    if step < steps {
                        history.step(&mut tally);
                    } else {
                        history.end();
                    }
                }));
                assert!(
                    checked.is_ok(),
                    "history {number} of {rules:?} failed at step {step}"
                );
            }
            tally.handed_over += history.oracle.handed_over();
        }
    }
    (histories, tally)
}

#[test]
fn neither_of_two_people_gets_the_account_of_the_other() {
    let (histories, tally) = run(HISTORIES, |_| Unreliable::in_memory());
    // Otherwise the histories lead nowhere.
    assert!(
        tally.handed_over > histories as usize,
        "{}",
        tally.handed_over
    );
    for (action, (tried, done)) in &tally.actions {
        if *action == actions::FOREIGN {
            assert_eq!(*done, 0, "{action}: {done} of {tried}");
        } else {
            assert!(*done > 0, "{action}: none of {tried}");
        }
    }
}

/// Nor if calls of storage fail, before they do anything or afterwards.
#[test]
fn neither_gets_the_account_of_the_other_while_calls_fail() {
    run(HISTORIES / 5, |seed| Unreliable::in_memory().failing(seed));
}

#[test]
fn neither_gets_the_account_of_the_other_while_calls_fail_on_postgres() {
    run(1, |seed| Unreliable::on_postgres().failing(seed));
}

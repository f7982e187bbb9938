//! The storage contract kit: what `wit/storage.wit` promises, checked on any storage.
//!
//! [`contract_tests!`](crate::contract_tests) makes a test of each check. Concurrent callers are threads.

mod audit;
mod changes;
mod credentials;
mod deletion;
mod grounds;
mod lists;
mod roles;
mod secrets;
mod sessions;
mod upkeep;
mod users;

use std::time::Duration;

use auth_core::Timestamp;
use auth_core::storage::{
    Account, Acting, ActiveSession, AuditEvent, AuditPlace, AuditQuery, ChangeOutcome,
    CreateUserOutcome, Credential, DeleteUserOutcome, EventCount, Grounds, Limit, LoginName,
    Member, NewSession, NewUser, OneTimeSecret, PasswordCost, Permission, RefreshToken, Role,
    Rotation, RotationOutcome, SeenStanding, Session, SessionEnding, SigningKey, Standing,
    StartSessionOutcome, Storage, StoreOutcome, Subject, TimeRange, User, UserChange, UserOrder,
    UserPage, UserQuery, VoidedSecrets,
};
use futures::executor::block_on;

pub use audit::*;
pub use changes::*;
pub use credentials::*;
pub use deletion::*;
pub use grounds::*;
pub use lists::*;
pub use roles::*;
pub use secrets::*;
pub use sessions::*;
pub use upkeep::*;
pub use users::*;

/// Makes one test of each check of the kit; the argument is an expression that makes empty storage.
#[macro_export]
macro_rules! contract_tests {
    ($storage:expr) => {
        $crate::contract_tests! { $storage;
            a_user_is_found_by_every_key
            a_taken_key_stores_nothing
            the_first_reason_to_refuse_a_user_counts
            one_of_many_concurrent_users_gets_the_key
            one_of_many_concurrent_users_gets_the_identifier
            nobody_is_created_where_the_role_is_held
            one_of_many_concurrent_users_is_the_first_holder
            many_users_are_stored_each_on_its_own
            five_hundred_users_are_stored_at_once
            one_of_many_concurrent_lists_gets_each_key
            keys_are_compared_byte_by_byte
            a_member_comes_with_credentials_roles_and_permissions
            users_are_listed_in_every_order
            users_are_listed_by_the_size_of_a_time
            users_are_listed_by_the_bytes_of_a_key
            the_last_page_of_users_says_so
            users_are_listed_by_each_filter
            filters_list_many_as_they_list_few
            a_walk_lists_everybody_once_whoever_comes_and_goes
            a_search_finds_addresses_then_user_names_then_terms
            a_search_takes_every_character_as_it_is
            a_search_keeps_to_the_filters_and_to_its_own_order
            a_walk_through_a_search_lists_everybody_once_whoever_comes_and_goes
            a_secret_is_replaced_only_if_it_is_the_expected_one
            one_of_many_concurrent_replacements_wins
            the_most_work_of_each_kind_stays
            a_session_comes_with_its_user_roles_and_permissions
            an_inactive_user_gets_no_session
            a_session_rests_on_its_credential
            a_single_session_ends_the_others
            a_refresh_token_is_rotated_once_and_replayed_within_the_grace_window
            a_late_copy_is_told_when_its_successor_is_used_up
            a_reused_refresh_token_ends_the_family
            without_a_grace_window_nothing_is_replayed
            a_refresh_token_ends_with_its_time_and_its_session
            one_of_many_concurrent_rotations_wins_and_the_others_get_its_successor
            a_used_token_is_recognised_by_the_session_that_it_names
            a_family_takes_the_same_room_however_often_it_is_refreshed
            a_used_token_that_names_no_session_is_recognised_by_its_row
            a_revoked_session_stays_revoked
            a_session_rests_on_the_one_it_was_started_from
            all_sessions_but_one_are_revoked
            a_session_is_found_by_its_token_and_listed_while_it_lasts
            last_seen_only_moves_forward
            a_one_time_secret_is_used_once
            one_of_many_concurrent_uses_of_a_secret_wins
            a_change_of_a_user_is_all_or_nothing
            a_change_uses_up_its_secret
            a_change_voids_later_secrets
            one_of_many_concurrent_changes_wins
            a_change_to_a_taken_key_stores_nothing
            one_of_many_concurrent_changes_gets_the_key
            a_change_replaces_the_terms
            the_last_holder_keeps_the_role
            who_does_not_hold_the_role_is_not_hindered
            of_two_concurrent_last_holders_one_stays
            of_many_concurrent_holders_one_stays
            a_counter_only_moves_forward
            one_of_many_concurrent_counters_is_accepted
            one_of_many_concurrent_uses_of_a_credential_wins
            a_deleted_user_leaves_nothing
            one_of_many_concurrent_deletions_finds_the_user
            the_last_holder_is_not_deleted
            the_built_in_roles_and_permissions_are_there
            a_role_is_stored_with_its_permissions
            a_renamed_role_stays_with_those_who_have_it
            a_renamed_permission_stays_with_its_roles
            a_role_is_changed_only_by_who_has_seen_it
            a_permission_is_changed_only_by_who_has_seen_it
            a_taken_role_name_stores_nothing
            a_taken_permission_name_stores_nothing
            a_built_in_role_keeps_its_name
            a_built_in_permission_keeps_its_name
            one_of_many_concurrent_roles_wins
            one_of_many_concurrent_permissions_wins
            a_standing_is_made_of_all_roles
            a_decision_is_carried_out_only_on_its_grounds
            of_concurrent_decisions_about_each_other_one_is_carried_out
            a_deleted_role_is_taken_from_everybody
            a_deleted_permission_is_taken_from_every_role
            an_event_is_stored_and_counted_once
            no_concurrent_event_is_lost_or_counted_twice
            events_are_listed_newest_first
            events_are_listed_by_each_filter
            an_event_outlives_what_it_names
            one_key_signs
            one_of_many_concurrent_keys_wins
            counting_loses_nothing
            an_exceeded_limit_spares_those_after_it
            eight_limits_are_counted_in_one_call
            limits_are_cleared_by_prefix
            purging_takes_what_has_ended
            purged_events_stay_counted
        }
    };
    ($storage:expr; $($check:ident)*) => {$(
        #[test]
        fn $check() {
            $crate::contract::$check(&$storage);
        }
    )*};
}

/// 2100-01-01: a storage that clears out by its own clock finds nothing here that has ended.
const START: u64 = 4_102_444_800_000;
const CALLERS: usize = 20;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(START + seconds * 1000)
}

/// A UUID that ends in this number.
fn id(number: u64) -> String {
    format!("018bcfe5-6800-7000-8000-{number:012x}")
}

fn new_user(number: u64, email_key: Option<&str>, username_key: Option<&str>) -> NewUser {
    NewUser {
        user: User {
            id: id(number),
            email: email_key.map(str::to_uppercase),
            email_verified_at: None,
            username: username_key.map(str::to_uppercase),
            display_name: Some("Zoë \u{1f98a}".to_owned()),
            profile: r#"{"team": "a,b"}"#.to_owned(),
            disabled_at: None,
            locked_until: None,
            created_at: at(0),
            updated_at: at(0),
            last_login_at: None,
        },
        email_key: email_key.map(str::to_owned),
        username_key: username_key.map(str::to_owned),
        credentials: vec![Credential {
            id: id(number + 1000),
            user_id: id(number),
            kind: "password".to_owned(),
            secret: "$argon2id$first".to_owned(),
            counter: None,
            label: None,
            created_at: at(0),
            updated_at: at(0),
            last_used_at: None,
        }],
        roles: vec!["user".to_owned()],
        terms: vec![],
        unless_held: None,
        grounds: None,
    }
}

fn session(number: u64, user: u64) -> Session {
    Session {
        id: id(number),
        user_id: id(user),
        client_id: None,
        actor_id: None,
        parent_id: None,
        amr: vec!["pwd".to_owned(), "otp".to_owned()],
        authenticated_at: at(1),
        created_at: at(1),
        last_seen_at: at(1),
        expires_at: at(1_000_000),
        ip: Some("192.0.2.1".to_owned()),
        token: None,
        user_agent: Some("test, with a comma".to_owned()),
        revoked_at: None,
        revocation_reason: None,
    }
}

/// One that ended by itself before second 5.
fn expired(number: u64, user: u64) -> Session {
    Session {
        expires_at: at(1),
        ..session(number, user)
    }
}

fn create(storage: &impl Storage, user: NewUser) {
    assert_eq!(
        block_on(storage.create_user(user)),
        Ok(CreateUserOutcome::Created)
    );
}

fn start(storage: &impl Storage, session: Session, token: &str) -> ActiveSession {
    start_with(storage, session, token, false)
}

/// The same with a token that names its session, or none.
fn start_with(
    storage: &impl Storage,
    session: Session,
    token: &str,
    names_session: bool,
) -> ActiveSession {
    let refresh_token = Some(RefreshToken {
        digest: token.to_owned(),
        expires_at: at(10_000),
        names_session,
    });
    match block_on(storage.start_session(NewSession {
        session,
        refresh_token,
        credential: None,
        ends_others: false,
    }))
    .unwrap()
    {
        StartSessionOutcome::Started(started) => {
            assert!(started.ended.is_empty());
            started.active
        }
        outcome => panic!("{outcome:?}"),
    }
}

/// A user 1 with a session 10 and its first refresh token.
fn signed_in(storage: &impl Storage) -> ActiveSession {
    create(storage, new_user(1, Some("ada@example.com"), None));
    start(storage, session(10, 1), "first")
}

fn rotate(
    storage: &impl Storage,
    presented: &str,
    successor: &str,
    seconds: u64,
) -> RotationOutcome {
    rotate_within(
        storage,
        Duration::from_secs(10),
        presented,
        successor,
        seconds,
    )
}

fn rotate_within(
    storage: &impl Storage,
    grace: Duration,
    presented: &str,
    successor: &str,
    seconds: u64,
) -> RotationOutcome {
    rotate_of(storage, None, grace, presented, successor, seconds)
}

/// Presents a token that names this session.
fn rotate_named(
    storage: &impl Storage,
    session: u64,
    presented: &str,
    successor: &str,
    seconds: u64,
) -> RotationOutcome {
    let grace = Duration::from_secs(10);
    rotate_of(storage, Some(session), grace, presented, successor, seconds)
}

fn rotate_of(
    storage: &impl Storage,
    session: Option<u64>,
    grace: Duration,
    presented: &str,
    successor: &str,
    seconds: u64,
) -> RotationOutcome {
    block_on(storage.rotate_refresh_token(Rotation {
        presented: presented.to_owned(),
        session: session.map(id),
        successor: RefreshToken {
            digest: successor.to_owned(),
            expires_at: at(seconds + 10_000),
            names_session: session.is_some(),
        },
        sealed: format!("sealed {successor}"),
        now: at(seconds),
        grace,
    }))
    .unwrap()
}

fn find(storage: &impl Storage, number: u64) -> ActiveSession {
    block_on(storage.find_session(id(number))).unwrap().unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A user with this as his only role.
fn with_role(number: u64, role: &str) -> NewUser {
    NewUser {
        roles: names(&[role]),
        ..new_user(number, None, None)
    }
}

fn member(storage: &impl Storage, number: u64) -> Option<Member> {
    block_on(storage.find_member(id(number))).unwrap()
}

fn roles(storage: &impl Storage, number: u64) -> Vec<String> {
    member(storage, number).unwrap().roles
}

/// Deletes a user as he is, if he is there.
fn delete_seen(storage: &impl Storage, number: u64, keeps: Option<&str>) -> DeleteUserOutcome {
    let seen =
        member(storage, number).map_or_else(|| at(0), |member| member.account.user.updated_at);
    block_on(storage.delete_user(id(number), seen, at(1), keeps.map(str::to_owned), None)).unwrap()
}

fn delete(storage: &impl Storage, number: u64) -> DeleteUserOutcome {
    delete_seen(storage, number, None)
}

/// How many of these are this.
fn times<T: PartialEq>(outcomes: &[T], wanted: T) -> usize {
    outcomes
        .iter()
        .filter(|outcome| **outcome == wanted)
        .count()
}

/// Everybody, by time of creation, as of second 5.
fn everybody() -> UserQuery {
    UserQuery {
        search: None,
        role: None,
        verified: None,
        disabled: None,
        locked: None,
        created: TimeRange::default(),
        last_login: TimeRange::default(),
        order: UserOrder::CreatedAt,
        descending: false,
        after: None,
        limit: 500,
        now: at(5),
    }
}

fn search(prefix: &str) -> UserQuery {
    UserQuery {
        search: Some(prefix.to_owned()),
        ..everybody()
    }
}

fn page(storage: &impl Storage, query: UserQuery) -> UserPage {
    let limit = query.limit as usize;
    let page = block_on(storage.list_users(query)).unwrap();
    assert!(page.members.len() <= limit);
    page
}

fn number(member: &Member) -> u64 {
    u64::from_str_radix(&member.account.user.id[24..], 16).unwrap()
}

/// The numbers of all users that a query lists, page by page. `between` is done after each page, with its users.
fn walk(
    storage: &impl Storage,
    query: &UserQuery,
    limit: u64,
    mut between: impl FnMut(&[u64]),
) -> Vec<u64> {
    let mut query = UserQuery {
        limit,
        ..query.clone()
    };
    let mut found = Vec::new();
    for _ in 0..1000 {
        let page = page(storage, query.clone());
        let numbers: Vec<_> = page.members.iter().map(number).collect();
        between(&numbers);
        found.extend(numbers);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return found,
        }
    }
    panic!("the pages have no end: {query:?}")
}

/// The numbers of all users that a query lists, which are the same in pages of any size.
fn listed(storage: &impl Storage, query: &UserQuery) -> Vec<u64> {
    let all = walk(storage, query, 500, |_| {});
    for limit in [1, 2] {
        let paged = walk(storage, query, limit, |_| {});
        assert_eq!(paged, all, "in pages of {limit}: {query:?}");
    }
    all
}

/// Calls from many threads that start together, and collects what they return.
fn concurrently<T: Send>(call: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = std::sync::Barrier::new(CALLERS);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (call, barrier) = (&call, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    call(caller)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

/// A user with these keys and terms.
fn known_by(number: u64, email: Option<&str>, username: Option<&str>, terms: &[&str]) -> NewUser {
    NewUser {
        terms: names(terms),
        ..new_user(number, email, username)
    }
}

fn one_time_secret(digest: &str, user: u64) -> OneTimeSecret {
    OneTimeSecret {
        digest: digest.to_owned(),
        purpose: "verify".to_owned(),
        user_id: Some(id(user)),
        payload: r#"{"email": "zoë"}"#.to_owned(),
        created_at: at(1),
        expires_at: at(100),
        consumed_at: None,
    }
}

fn store_secret(storage: &impl Storage, secret: OneTimeSecret, replaces: bool) {
    assert_eq!(
        block_on(storage.store_one_time_secret(secret, replaces)),
        Ok(())
    );
}

fn consume(storage: &impl Storage, digest: &str, seconds: u64) -> bool {
    block_on(storage.consume_one_time_secret(digest.into(), at(seconds))).unwrap()
}

fn account(storage: &impl Storage, number: u64) -> Account {
    block_on(storage.find_account(LoginName::Id(id(number))))
        .unwrap()
        .unwrap()
}

/// A change of the display name, as of these seconds.
fn change(user: &User, number: u64, seconds: u64) -> UserChange {
    UserChange {
        id: id(number),
        user: User {
            display_name: Some(format!("by {number}")),
            updated_at: at(seconds),
            ..user.clone()
        },
        email_key: user.email.as_ref().map(|email| email.to_lowercase()),
        username_key: user.username.as_ref().map(|name| name.to_lowercase()),
        expected_updated_at: user.updated_at,
        consumes: None,
        voids: None,
        deletes_credentials: vec![],
        credentials: vec![],
        adds_roles: vec![],
        removes_roles: vec![],
        ends_sessions: None,
        terms: vec![],
        keeps_holder: None,
        grounds: None,
    }
}

fn apply(storage: &impl Storage, change: UserChange) -> ChangeOutcome {
    block_on(storage.change_user(change)).unwrap()
}

fn event(number: u64, kind: &str, seconds: u64) -> AuditEvent {
    AuditEvent {
        id: id(number),
        at: at(seconds),
        kind: kind.to_owned(),
        reason: None,
        actor_id: None,
        target_type: None,
        target_id: None,
        session_id: None,
        ip: None,
        user_agent: None,
        request_id: None,
        details: "{}".to_owned(),
    }
}

fn append(storage: &impl Storage, event: AuditEvent) -> bool {
    block_on(storage.append_audit(event)).unwrap()
}

fn all_events() -> AuditQuery {
    AuditQuery {
        kind: None,
        actor_id: None,
        target_id: None,
        at: TimeRange::default(),
        after: None,
        limit: 500,
    }
}

/// All events that a query lists, which are the same in pages of any size.
fn audited(storage: &impl Storage, query: &AuditQuery) -> Vec<AuditEvent> {
    let all = block_on(storage.list_audit(query.clone())).unwrap();
    for limit in [1, 2] {
        let mut query = AuditQuery {
            limit,
            ..query.clone()
        };
        let mut paged = Vec::new();
        loop {
            let page = block_on(storage.list_audit(query.clone())).unwrap();
            assert!(page.len() as u64 <= limit && paged.len() <= all.len());
            let Some(last) = page.last() else { break };
            query.after = Some(AuditPlace {
                at: last.at,
                id: last.id.clone(),
            });
            paged.extend(page);
        }
        assert_eq!(paged, all, "in pages of {limit}: {query:?}");
    }
    all
}

fn audited_numbers(storage: &impl Storage, query: &AuditQuery) -> Vec<u64> {
    let events = audited(storage, query).into_iter();
    events
        .map(|event| u64::from_str_radix(&event.id[24..], 16).unwrap())
        .collect()
}

/// Kind, reason and count, sorted.
fn counts(storage: &impl Storage) -> Vec<(String, String, u64)> {
    let counts = block_on(storage.count_events()).unwrap().into_iter();
    let mut counts: Vec<_> = counts
        .map(
            |EventCount {
                 kind,
                 reason,
                 count,
             }| (kind, reason, count),
        )
        .collect();
    counts.sort();
    counts
}

fn counted(kind: &str, reason: &str, count: u64) -> (String, String, u64) {
    (kind.to_owned(), reason.to_owned(), count)
}

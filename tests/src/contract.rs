//! The storage contract kit: what `wit/storage.wit` promises, checked on any storage.
//!
//! [`contract_tests!`](crate::contract_tests) makes a test of each check. Concurrent callers are threads.

use std::time::Duration;

use auth_core::Timestamp;
use auth_core::storage::{
    Account, ActiveSession, AuditEvent, AuditPlace, AuditQuery, ChangeOutcome, CreateUserOutcome,
    Credential, DeleteUserOutcome, EventCount, Limit, LoginName, Member, NewSession, NewUser,
    OneTimeSecret, Permission, RefreshToken, Role, Rotation, RotationOutcome, Session,
    SessionEnding, SigningKey, StartSessionOutcome, Storage, StoreOutcome, TimeRange, User,
    UserChange, UserOrder, UserPage, UserQuery, VoidedSecrets,
};
use futures::executor::block_on;

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
            a_revoked_session_stays_revoked
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
    }
}

fn session(number: u64, user: u64) -> Session {
    Session {
        id: id(number),
        user_id: id(user),
        client_id: None,
        actor_id: None,
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
    let refresh_token = Some(RefreshToken {
        digest: token.to_owned(),
        expires_at: at(10_000),
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
    block_on(storage.rotate_refresh_token(Rotation {
        presented: presented.to_owned(),
        successor: RefreshToken {
            digest: successor.to_owned(),
            expires_at: at(seconds + 10_000),
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
    let seen = member(storage, number).map_or(at(0), |member| member.account.user.updated_at);
    block_on(storage.delete_user(id(number), seen, at(1), keeps.map(str::to_owned))).unwrap()
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

/// What was stored comes back unchanged, by either key.
pub fn a_user_is_found_by_every_key(storage: &impl Storage) {
    let mut stored = new_user(1, Some("ada@example.com"), Some("ada"));
    stored.user.disabled_at = Some(at(1));
    stored.user.locked_until = Some(at(2));
    stored.user.last_login_at = Some(at(3));
    create(storage, stored.clone());
    for name in [
        LoginName::Email("ada@example.com".into()),
        LoginName::Username("ada".into()),
        LoginName::Id(id(1)),
    ] {
        let account = block_on(storage.find_account(name)).unwrap().unwrap();
        assert_eq!(account.user, stored.user);
        assert!(account.credentials == stored.credentials);
    }
    for name in [
        LoginName::Email("ada".into()),
        LoginName::Username("ada@example.com".into()),
        LoginName::Id(id(2)),
    ] {
        assert!(block_on(storage.find_account(name)).unwrap().is_none());
    }
    let mut bare = new_user(2, Some("bob@example.com"), None);
    bare.credentials.clear();
    create(storage, bare);
    let account = block_on(storage.find_account(LoginName::Email("bob@example.com".into())))
        .unwrap()
        .unwrap();
    assert!(account.credentials.is_empty());
}

/// A conflict says which key, and leaves no user, credential or role behind.
pub fn a_taken_key_stores_nothing(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), Some("ada")));
    // No key at all conflicts with nothing.
    create(storage, new_user(2, None, None));
    create(storage, new_user(3, None, None));
    let refused = |user| block_on(storage.create_user(user)).unwrap();
    assert_eq!(
        refused(new_user(4, Some("ada@example.com"), Some("other"))),
        CreateUserOutcome::EmailTaken
    );
    assert_eq!(
        refused(new_user(4, Some("other@example.com"), Some("ada"))),
        CreateUserOutcome::UsernameTaken
    );
    assert_eq!(
        refused(new_user(4, Some("ada@example.com"), Some("ada"))),
        CreateUserOutcome::EmailTaken
    );
    create(
        storage,
        new_user(4, Some("other@example.com"), Some("other")),
    );
    assert_eq!(start(storage, session(10, 4), "first").roles, ["user"]);
}

/// Of concurrent calls with one key exactly one is `created`.
pub fn one_of_many_concurrent_users_gets_the_key(storage: &(impl Storage + Sync)) {
    let race = |first: u64, email, username, lost| {
        let outcomes = concurrently(|caller| {
            let new = new_user(first + caller as u64, email, username);
            block_on(storage.create_user(new)).unwrap()
        });
        assert_eq!(times(&outcomes, CreateUserOutcome::Created), 1);
        assert_eq!(times(&outcomes, lost), CALLERS - 1);
    };
    let (email, username) = (Some("ada@example.com"), Some("ada"));
    race(1, email, None, CreateUserOutcome::EmailTaken);
    race(101, None, username, CreateUserOutcome::UsernameTaken);
}

/// Of concurrent calls with one identifier exactly one is `created`, with all that belongs to it.
pub fn one_of_many_concurrent_users_gets_the_identifier(storage: &(impl Storage + Sync)) {
    let outcomes = concurrently(|caller| {
        let caller = caller as u64;
        let mut new = new_user(1, Some(&format!("{caller:02}@example.com")), None);
        new.credentials[0].id = id(1000 + caller);
        new.terms = vec![format!("term {caller:02}")];
        block_on(storage.create_user(new)).unwrap()
    });
    assert_eq!(times(&outcomes, CreateUserOutcome::Created), 1);
    assert_eq!(times(&outcomes, CreateUserOutcome::IdTaken), CALLERS - 1);
    let won = |outcome: &CreateUserOutcome| *outcome == CreateUserOutcome::Created;
    let winner = outcomes.iter().position(won).unwrap() as u64;
    let credentials = account(storage, 1).credentials;
    assert_eq!(credentials.len(), 1);
    assert_eq!(credentials[0].id, id(1000 + winner));
    for caller in 0..CALLERS as u64 {
        for prefix in [format!("{caller:02}@"), format!("term {caller:02}")] {
            let found = page(storage, search(&prefix)).members;
            assert_eq!(found.len(), usize::from(caller == winner), "{prefix}");
        }
    }
}

/// The role that is held comes before the identifier, that before the address, and that before the user name.
pub fn the_first_reason_to_refuse_a_user_counts(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), Some("ada")));
    let refused = |number, email, name, role: Option<&str>| {
        let mut new = new_user(number, Some(email), Some(name));
        new.credentials[0].id = id(2000);
        new.roles = names(&["verified"]);
        new.terms = names(&["term"]);
        new.unless_held = role.map(str::to_owned);
        block_on(storage.create_user(new)).unwrap()
    };
    for (number, email, name, role, outcome) in [
        (
            1,
            "ada@example.com",
            "ada",
            Some("user"),
            CreateUserOutcome::RoleHeld,
        ),
        (
            1,
            "ada@example.com",
            "ada",
            Some("admin"),
            CreateUserOutcome::IdTaken,
        ),
        (
            1,
            "bob@example.com",
            "bob",
            None,
            CreateUserOutcome::IdTaken,
        ),
        (
            2,
            "ada@example.com",
            "ada",
            Some("admin"),
            CreateUserOutcome::EmailTaken,
        ),
        (
            2,
            "bob@example.com",
            "ada",
            Some("admin"),
            CreateUserOutcome::UsernameTaken,
        ),
    ] {
        assert_eq!(refused(number, email, name, role), outcome);
    }
    assert!(member(storage, 2).is_none());
    let member = member(storage, 1).unwrap();
    assert_eq!(member.account.credentials[0].id, id(1001));
    assert_eq!(
        (member.account.credentials.len(), member.roles),
        (1, names(&["user"]))
    );
    assert_eq!(listed(storage, &search("term")), [0u64; 0]);
}

/// `unless-held` stores nothing where anybody has the role, disabled or not, and hinders nobody else.
pub fn nobody_is_created_where_the_role_is_held(storage: &impl Storage) {
    let unless = |number, role: &str| {
        let mut new = with_role(number, "superadmin");
        new.unless_held = Some(role.to_owned());
        new.terms = names(&["term"]);
        block_on(storage.create_user(new)).unwrap()
    };
    create(storage, with_role(1, "admin"));
    assert_eq!(unless(2, "no such role"), CreateUserOutcome::Created);
    assert_eq!(delete(storage, 2), DeleteUserOutcome::Deleted(vec![]));
    // Nobody has it now.
    assert_eq!(unless(3, "superadmin"), CreateUserOutcome::Created);
    assert_eq!(unless(4, "superadmin"), CreateUserOutcome::RoleHeld);
    let disabled = UserChange {
        user: User {
            disabled_at: Some(at(5)),
            ..change(&account(storage, 3).user, 100, 5).user
        },
        ..change(&account(storage, 3).user, 100, 5)
    };
    assert_eq!(apply(storage, disabled), ChangeOutcome::Changed(vec![]));
    assert_eq!(unless(4, "superadmin"), CreateUserOutcome::RoleHeld);
    assert!(member(storage, 4).is_none());
    assert_eq!(listed(storage, &search("term")), [0u64; 0]);
    assert_eq!(unless(4, "moderator"), CreateUserOutcome::Created);
    assert_eq!(roles(storage, 4), ["superadmin"]);
}

/// Of concurrent users that are `unless-held` the same role exactly one is `created`.
pub fn one_of_many_concurrent_users_is_the_first_holder(storage: &(impl Storage + Sync)) {
    let outcomes = concurrently(|caller| {
        let mut new = with_role(caller as u64 + 1, "superadmin");
        new.unless_held = Some("superadmin".to_owned());
        block_on(storage.create_user(new)).unwrap()
    });
    assert_eq!(times(&outcomes, CreateUserOutcome::Created), 1);
    assert_eq!(times(&outcomes, CreateUserOutcome::RoleHeld), CALLERS - 1);
    assert_eq!(listed(storage, &everybody()).len(), 1);
}

/// What refuses one user of a list, another or one before him in the list, does not refuse those after him.
pub fn many_users_are_stored_each_on_its_own(storage: &impl Storage) {
    use CreateUserOutcome::{Created, EmailTaken, IdTaken, UsernameTaken};
    create(storage, new_user(1, Some("ada@example.com"), Some("ada")));
    let mut whole = new_user(2, Some("bob@example.com"), Some("bob"));
    whole.user.disabled_at = Some(at(1));
    whole.user.last_login_at = Some(at(2));
    whole.roles = names(&["user", "no such role", "admin"]);
    whole.terms = names(&["builder"]);
    // Of no use here.
    whole.unless_held = Some("user".to_owned());
    let refused = |number, email, name| {
        let mut new = new_user(number, email, name);
        new.credentials[0].id = id(2000 + number);
        new.roles = names(&["superadmin"]);
        new.terms = names(&["refused"]);
        new
    };
    let users = vec![
        refused(3, Some("ada@example.com"), Some("eve")),
        whole.clone(),
        // By one of the list.
        refused(2, Some("dan@example.com"), None),
        refused(3, Some("bob@example.com"), None),
        refused(3, None, Some("bob")),
        refused(1, None, None),
        // What was refused above takes nothing.
        new_user(3, Some("dan@example.com"), Some("eve")),
        new_user(4, None, None),
        new_user(5, None, None),
    ];
    assert_eq!(
        block_on(storage.create_users(id(900), users)).unwrap(),
        [
            EmailTaken,
            Created,
            IdTaken,
            EmailTaken,
            UsernameTaken,
            IdTaken,
            Created,
            Created,
            Created
        ]
    );
    let member = |number| member(storage, number).unwrap();
    let bob = member(2);
    assert_eq!(bob.account.user, whole.user);
    assert!(bob.account.credentials == whole.credentials);
    assert_eq!(bob.roles, ["admin", "user"]);
    for number in [1, 3] {
        assert_eq!(member(number).account.credentials.len(), 1);
        assert_eq!(member(number).roles, ["user"]);
    }
    assert_eq!(listed(storage, &search("builder")), [2]);
    assert_eq!(listed(storage, &search("refused")), [0u64; 0]);
    assert_eq!(listed(storage, &everybody()), [1, 2, 3, 4, 5]);
    let again = vec![whole, new_user(6, None, None)];
    let again = block_on(storage.create_users(id(902), again));
    assert_eq!(again.unwrap(), [IdTaken, Created]);
    assert!(
        block_on(storage.create_users(id(901), vec![]))
            .unwrap()
            .is_empty()
    );
}

/// As many as one call may bring and one page may hold, with all that belongs to them.
pub fn five_hundred_users_are_stored_at_once(storage: &impl Storage) {
    let users = (1..=500).map(|number| {
        let email = format!("{number}@example.com");
        let mut new = new_user(number, Some(&email), Some(&format!("name {number}")));
        new.credentials[0].id = id(10_000 + number);
        new.terms = vec![format!("term {number}"), format!("word {number}")];
        new
    });
    let outcomes = block_on(storage.create_users(id(900), users.collect())).unwrap();
    assert_eq!(times(&outcomes, CreateUserOutcome::Created), 500);
    let whole = |member: &Member| {
        let credentials = &member.account.credentials;
        credentials.len() == 1
            && credentials[0].id == id(10_000 + number(member))
            && member.roles == ["user"]
    };
    for query in [everybody(), search("term ")] {
        let page = page(storage, query);
        assert!(page.members.iter().all(whole));
        let mut numbers: Vec<_> = page.members.iter().map(number).collect();
        numbers.sort();
        assert_eq!(numbers, (1..=500).collect::<Vec<_>>());
        assert!(page.next.is_none());
    }
    assert_eq!(listed(storage, &search("word 500")), [500]);
}

/// Of concurrent lists with the same addresses each address is stored by one.
pub fn one_of_many_concurrent_lists_gets_each_key(storage: &(impl Storage + Sync)) {
    let outcomes = concurrently(|caller| {
        let caller = caller as u64;
        let users = (0..5).map(|number| {
            // Every list begins elsewhere.
            let email = format!("{}@example.com", (number + caller) % 5);
            new_user(1 + caller * 5 + number, Some(&email), None)
        });
        block_on(storage.create_users(id(900 + caller), users.collect())).unwrap()
    })
    .concat();
    assert_eq!(times(&outcomes, CreateUserOutcome::Created), 5);
    let refused = times(&outcomes, CreateUserOutcome::EmailTaken);
    assert_eq!(refused, 5 * (CALLERS - 1));
    assert_eq!(listed(storage, &everybody()).len(), 5);
}

/// Keys that people may take for the same are not the same here.
pub fn keys_are_compared_byte_by_byte(storage: &impl Storage) {
    let keys = [
        "zoe",
        "Zoe",
        "zo\u{eb}",
        "zo\u{cb}",
        "zoe\u{308}",
        "zoe ",
        "z_e",
        "%",
    ];
    for (key, number) in keys.into_iter().zip(1..) {
        create(storage, new_user(number, Some(key), Some(key)));
    }
    for (key, number) in keys.into_iter().zip(1..) {
        for name in [
            LoginName::Email(key.into()),
            LoginName::Username(key.into()),
        ] {
            let found = block_on(storage.find_account(name)).unwrap().unwrap();
            assert_eq!(found.user.id, id(number), "{key}");
        }
    }
    for name in [
        LoginName::Email("ZOE".into()),
        LoginName::Username("ZOE".into()),
    ] {
        assert!(block_on(storage.find_account(name)).unwrap().is_none());
    }
}

/// Credentials as stored, roles sorted, and their permissions sorted and each once.
pub fn a_member_comes_with_credentials_roles_and_permissions(storage: &impl Storage) {
    let mut new = new_user(1, Some("ada@example.com"), Some("ada"));
    new.roles = names(&["user", "moderator", "admin", "no such role"]);
    new.credentials.push(Credential {
        id: id(2001),
        kind: "totp".to_owned(),
        counter: Some(7),
        label: Some("telephone, zo\u{eb}".to_owned()),
        last_used_at: Some(at(3)),
        ..new.credentials[0].clone()
    });
    create(storage, new.clone());
    create(storage, with_role(2, "superadmin"));
    let found = member(storage, 1).unwrap();
    assert_eq!(found.account.user, new.user);
    let mut credentials = found.account.credentials;
    credentials.sort_by(|a, b| a.id.cmp(&b.id));
    assert!(credentials == new.credentials);
    assert_eq!(found.roles, ["admin", "moderator", "user"]);
    let permissions = [
        "audit:read",
        "keys:read",
        "roles:read",
        "roles:write",
        "users:delete",
        "users:impersonate",
        "users:read",
        "users:write",
    ];
    assert_eq!(found.permissions, permissions);
    // What a session comes with is the same.
    let active = start(storage, session(10, 1), "first");
    assert_eq!(
        (active.roles, active.permissions),
        (found.roles, found.permissions)
    );
    let mut bare = with_role(3, "user");
    bare.roles.clear();
    bare.credentials.clear();
    create(storage, bare);
    let found = member(storage, 3).unwrap();
    assert!(found.account.credentials.is_empty());
    assert_eq!((found.roles.len(), found.permissions.len()), (0, 0));
    assert!(member(storage, 9).is_none());
    let page = page(storage, everybody());
    for number in 1..=3 {
        assert!(page.members.get(number as usize - 1) == member(storage, number).as_ref());
    }
}

/// By each of the four, upwards and downwards; nothing comes before everything, and equals are told by identifier.
pub fn users_are_listed_in_every_order(storage: &impl Storage) {
    for (number, email, name, created, last) in [
        (1, Some("b@x"), Some("m"), 2, None),
        (2, None, Some("a"), 1, Some(3)),
        (3, Some("a@x"), None, 2, Some(1)),
        (4, None, None, 3, None),
        (5, Some("c@x"), Some("z"), 1, Some(3)),
        (6, None, None, 2, None),
    ] {
        let mut new = new_user(number, email, name);
        new.user.created_at = at(created);
        new.user.last_login_at = last.map(at);
        create(storage, new);
    }
    for (order, expected) in [
        (UserOrder::CreatedAt, [2, 5, 1, 3, 6, 4]),
        (UserOrder::LastLoginAt, [1, 4, 6, 3, 2, 5]),
        (UserOrder::Email, [2, 4, 6, 3, 1, 5]),
        (UserOrder::Username, [3, 4, 6, 2, 1, 5]),
    ] {
        let mut query = UserQuery {
            order,
            ..everybody()
        };
        assert_eq!(listed(storage, &query), expected, "{order:?}");
        query.descending = true;
        let mut turned = expected;
        turned.reverse();
        assert_eq!(listed(storage, &query), turned, "{order:?} downwards");
    }
}

/// A time is a number, however many digits it has, and so is the place of a page.
pub fn users_are_listed_by_the_size_of_a_time(storage: &impl Storage) {
    for (number, millis) in [(1, 1000), (2, 999), (3, (1 << 53) - 1), (4, 0), (5, 10_000)] {
        let mut new = new_user(number, None, None);
        new.user.created_at = Timestamp::from_millis(millis);
        new.user.last_login_at = Some(Timestamp::from_millis(millis));
        create(storage, new);
    }
    for order in [UserOrder::CreatedAt, UserOrder::LastLoginAt] {
        let mut query = UserQuery {
            order,
            limit: 2,
            ..everybody()
        };
        assert_eq!(listed(storage, &query), [4, 2, 1, 5, 3]);
        let first = page(storage, query.clone());
        assert_eq!(first.members.iter().map(number).collect::<Vec<_>>(), [4, 2]);
        query.descending = true;
        assert_eq!(listed(storage, &query), [3, 5, 1, 2, 4]);
    }
}

/// No letter is the same as another, and the order is that of UTF-8.
pub fn users_are_listed_by_the_bytes_of_a_key(storage: &impl Storage) {
    let keys = [
        "\u{1f98a}",
        "b",
        "\u{fb00}",
        "B",
        "\u{e9}",
        "a",
        "_",
        "e\u{301}",
        "ab",
    ];
    for (key, number) in keys.into_iter().zip(1..) {
        create(storage, new_user(number, Some(key), Some(key)));
    }
    for order in [UserOrder::Email, UserOrder::Username] {
        let mut query = UserQuery {
            order,
            ..everybody()
        };
        assert_eq!(listed(storage, &query), [4, 7, 6, 9, 2, 8, 5, 3, 1]);
        query.descending = true;
        assert_eq!(listed(storage, &query), [1, 3, 5, 8, 2, 9, 6, 7, 4]);
    }
}

/// A page is followed by another only where there is somebody left.
pub fn the_last_page_of_users_says_so(storage: &impl Storage) {
    assert!(page(storage, everybody()).members.is_empty());
    assert_eq!(page(storage, everybody()).next, None);
    assert_eq!(page(storage, search("a")).next, None);
    for number in 1..=4 {
        create(storage, new_user(number, Some(&format!("a{number}")), None));
    }
    let query = |order, search: Option<&str>, limit, after| UserQuery {
        search: search.map(str::to_owned),
        order,
        limit,
        after,
        ..everybody()
    };
    for (order, search) in [
        (UserOrder::CreatedAt, None),
        (UserOrder::LastLoginAt, None),
        (UserOrder::Email, None),
        (UserOrder::Username, None),
        (UserOrder::Username, Some("a")),
    ] {
        let first = page(storage, query(order, search, 2, None));
        assert_eq!(first.members.iter().map(number).collect::<Vec<_>>(), [1, 2]);
        let last = page(storage, query(order, search, 2, first.next));
        assert_eq!(last.members.iter().map(number).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(last.next, None);
        assert_eq!(page(storage, query(order, search, 4, None)).next, None);
    }
}

/// Each filter by itself, at its borders, and all of them together.
pub fn users_are_listed_by_each_filter(storage: &impl Storage) {
    for (number, role, verified, disabled, locked, created, last) in [
        (1, "admin", Some(1), None, None, 1, Some(1)),
        (2, "user", None, Some(1), Some(4), 2, None),
        (3, "admin", None, None, Some(5), 3, Some(3)),
        (4, "user", Some(9), Some(9), Some(6), 4, Some(4)),
        (5, "moderator", None, None, Some(7), 5, None),
    ] {
        let mut new = with_role(number, role);
        new.user.email_verified_at = verified.map(at);
        new.user.disabled_at = disabled.map(at);
        new.user.locked_until = locked.map(at);
        new.user.created_at = at(created);
        new.user.last_login_at = last.map(at);
        create(storage, new);
    }
    // Who has a second role is listed by either, and once.
    let mut both = with_role(6, "admin");
    both.roles = names(&["admin", "user"]);
    both.user.created_at = at(6);
    create(storage, both);
    let with = |set: fn(&mut UserQuery)| {
        let mut query = everybody();
        set(&mut query);
        let numbers = listed(storage, &query);
        query.descending = true;
        let mut turned = listed(storage, &query);
        turned.reverse();
        assert_eq!(turned, numbers, "{query:?}");
        numbers
    };
    fn range(begin: Option<u64>, end: Option<u64>) -> TimeRange {
        TimeRange {
            begin: begin.map(at),
            end: end.map(at),
        }
    }
    let none = [0u64; 0];
    assert_eq!(with(|query| query.role = Some("admin".into())), [1, 3, 6]);
    assert_eq!(with(|query| query.role = Some("user".into())), [2, 4, 6]);
    assert_eq!(with(|query| query.role = Some("premium".into())), none);
    assert_eq!(with(|query| query.role = Some("no such role".into())), none);
    assert_eq!(with(|query| query.verified = Some(true)), [1, 4]);
    assert_eq!(with(|query| query.verified = Some(false)), [2, 3, 5, 6]);
    assert_eq!(with(|query| query.disabled = Some(true)), [2, 4]);
    assert_eq!(with(|query| query.disabled = Some(false)), [1, 3, 5, 6]);
    // As of second 5, to which the third user was locked.
    assert_eq!(with(|query| query.locked = Some(true)), [4, 5]);
    assert_eq!(with(|query| query.locked = Some(false)), [1, 2, 3, 6]);
    assert_eq!(
        with(|query| query.created = range(Some(2), None)),
        [2, 3, 4, 5, 6]
    );
    assert_eq!(
        with(|query| query.created = range(None, Some(4))),
        [1, 2, 3]
    );
    assert_eq!(
        with(|query| query.created = range(Some(2), Some(4))),
        [2, 3]
    );
    assert_eq!(with(|query| query.created = range(Some(4), Some(4))), none);
    assert_eq!(
        with(|query| query.last_login = range(Some(0), None)),
        [1, 3, 4]
    );
    assert_eq!(
        with(|query| query.last_login = range(None, Some(9))),
        [1, 3, 4]
    );
    assert_eq!(
        with(|query| query.last_login = range(Some(1), Some(4))),
        [1, 3]
    );
    let together = |query: &mut UserQuery| {
        query.role = Some("user".into());
        query.verified = Some(true);
        query.disabled = Some(true);
        query.locked = Some(true);
        query.created = range(Some(4), Some(5));
        query.last_login = range(Some(4), Some(5));
    };
    assert_eq!(with(together), [4]);
    let but_one = |query: &mut UserQuery| {
        query.role = Some("user".into());
        query.disabled = Some(true);
        query.verified = Some(false);
        query.created = range(None, Some(5));
    };
    assert_eq!(with(but_one), [2]);
}

/// Filters that leave many users, and few of those: the same users, in every order, as far as the page goes.
pub fn filters_list_many_as_they_list_few(storage: &impl Storage) {
    const USERS: u64 = 2_400;
    let never = |number: u64| number.is_multiple_of(8);
    let locked = |number: u64| !number.is_multiple_of(9);
    for part in 0..6 {
        let users = (1 + part * 400..=(part + 1) * 400).map(|number| {
            let email = format!("many{number:04}@example.com");
            let mut new = new_user(number, Some(&email), None);
            new.user.created_at = at(number);
            new.user.last_login_at = (!never(number)).then(|| at(number));
            new.user.disabled_at = (number > 100).then(|| at(1));
            new.user.locked_until = locked(number).then(|| at(6));
            new.user.email_verified_at = (number > 2_390).then(|| at(1));
            new.roles = names(if number <= 2_300 {
                &["admin"]
            } else {
                &["user"]
            });
            new
        });
        let outcomes = block_on(storage.create_users(id(9_000 + part), users.collect())).unwrap();
        assert_eq!(times(&outcomes, CreateUserOutcome::Created), 400);
    }
    type Set = fn(&mut UserQuery);
    let filters: [(Set, &dyn Fn(u64) -> bool); 9] = [
        (|query| query.role = Some("admin".into()), &|number| {
            number <= 2_300
        }),
        (|query| query.disabled = Some(true), &|number| number > 100),
        (|query| query.locked = Some(true), &locked),
        (|query| query.created.begin = Some(at(101)), &|number| {
            number > 100
        }),
        (|query| query.created.end = Some(at(2_300)), &|number| {
            number < 2_300
        }),
        (|query| query.last_login.begin = Some(at(3)), &|number| {
            number >= 3 && !never(number)
        }),
        (|query| query.last_login.end = Some(at(2_399)), &|number| {
            number < 2_399 && !never(number)
        }),
        (
            |query| {
                query.role = Some("user".into());
                query.locked = Some(true);
            },
            &|number| number > 2_300 && locked(number),
        ),
        (
            |query| {
                query.locked = Some(true);
                query.last_login.begin = Some(at(2_201));
            },
            &|number| number > 2_200 && locked(number) && !never(number),
        ),
    ];
    for (set, passes) in filters {
        for verified in [None, Some(true)] {
            for order in [
                UserOrder::CreatedAt,
                UserOrder::LastLoginAt,
                UserOrder::Email,
            ] {
                for (prefix, descending) in [(None, false), (None, true), (Some("many"), false)] {
                    let mut query = UserQuery {
                        search: prefix.map(str::to_owned),
                        verified,
                        order,
                        descending,
                        ..everybody()
                    };
                    set(&mut query);
                    let seen = |number: &u64| verified.is_none() || *number > 2_390;
                    let mut expected: Vec<u64> = (1..=USERS)
                        .filter(|number| passes(*number))
                        .filter(seen)
                        .collect();
                    if prefix.is_none() && order == UserOrder::LastLoginAt {
                        expected.sort_by_key(|number| (!never(*number), *number));
                    }
                    if descending {
                        expected.reverse();
                    }
                    assert_eq!(walk(storage, &query, 500, |_| {}), expected, "{query:?}");
                }
            }
        }
    }
}

/// Walks with one user a page while others are added, changed and deleted after every page, and expects those from 1 to
/// 8 once each. `user` makes a user that comes and goes, before, among and after those.
fn walk_among_others(
    storage: &impl Storage,
    query: &UserQuery,
    numbers: &mut impl Iterator<Item = u64>,
    user: impl Fn(u64) -> NewUser,
) {
    let mut others: Vec<u64> = Vec::new();
    let mut pages = 0;
    let found = walk(storage, query, 1, |page| {
        pages += 1;
        // One leaves and one moves, and every time one of these was on this page, if it was one of the others.
        let was_here = page.iter().copied().find(|number| *number > 8);
        let (first, last) = (others.first().copied(), others.last().copied());
        let (leaves, moves) = match pages % 2 {
            0 => (was_here.or(first), last),
            _ => (first, was_here.or(last)),
        };
        if let Some(leaves) = leaves {
            assert_eq!(delete(storage, leaves), DeleteUserOutcome::Deleted(vec![]));
            others.retain(|other| *other != leaves);
        }
        if pages > 12 {
            return;
        }
        if let (Some(moves), Some(number)) =
            (moves.filter(|moves| leaves != Some(*moves)), numbers.next())
        {
            let elsewhere = user(number);
            let moved = UserChange {
                email_key: elsewhere.email_key,
                username_key: elsewhere.username_key,
                terms: elsewhere.terms,
                ..change(&account(storage, moves).user, number, number)
            };
            assert_eq!(apply(storage, moved), ChangeOutcome::Changed(vec![]));
        }
        for number in numbers.by_ref().take(3) {
            create(storage, user(number));
            others.push(number);
        }
    });
    let mut stayed: Vec<_> = found.into_iter().filter(|number| *number <= 8).collect();
    stayed.sort();
    assert_eq!(stayed, (1..=8).collect::<Vec<_>>(), "{query:?}");
    for number in others {
        assert_eq!(delete(storage, number), DeleteUserOutcome::Deleted(vec![]));
    }
}

/// Who stays as he is comes exactly once in a walk in any order.
pub fn a_walk_lists_everybody_once_whoever_comes_and_goes(storage: &impl Storage) {
    for number in 1..=8 {
        let key = format!("m{number}");
        // Some have no address, some no name, and some are equals of others.
        let email = (number % 3 > 0).then_some(key.as_str());
        let name = (number % 4 > 0).then_some(key.as_str());
        let mut new = new_user(number, email, name);
        new.user.created_at = at(10 + number / 2);
        new.user.last_login_at = (number % 3 > 0).then(|| at(10 + number / 3));
        create(storage, new);
    }
    let coming = |number| {
        let (first, seconds) = [("a", 1), ("m5", 12), ("z", 99), ("", 12)][number as usize % 4];
        let key = format!("{first}{number}");
        let key = (!first.is_empty()).then_some(key.as_str());
        let mut new = new_user(number, key, key);
        new.credentials.clear();
        new.user.created_at = at(seconds);
        new.user.last_login_at = key.map(|_| at(seconds));
        new
    };
    let mut numbers = 10_000..;
    for order in [
        UserOrder::CreatedAt,
        UserOrder::LastLoginAt,
        UserOrder::Email,
        UserOrder::Username,
    ] {
        for descending in [false, true] {
            let query = UserQuery {
                order,
                descending,
                ..everybody()
            };
            walk_among_others(storage, &query, &mut numbers, coming);
        }
    }
}

/// A user with these keys and terms.
fn known_by(number: u64, email: Option<&str>, username: Option<&str>, terms: &[&str]) -> NewUser {
    NewUser {
        terms: names(terms),
        ..new_user(number, email, username)
    }
}

/// Only beginnings are found; who is found in several ways comes once, by the first of them.
pub fn a_search_finds_addresses_then_user_names_then_terms(storage: &impl Storage) {
    for new in [
        known_by(1, Some("zoe@ada.example"), Some("zoe"), &["zoe", "adams"]),
        known_by(
            2,
            Some("ada@example.com"),
            Some("lovelace"),
            &["ada", "adab"],
        ),
        known_by(3, None, Some("adam"), &["adaaa", "builder"]),
        known_by(4, Some("adaa@example.com"), None, &[]),
        known_by(5, None, None, &["adaz", "adac", "bada"]),
        known_by(6, None, Some("adaline"), &[]),
        known_by(7, None, Some("bada"), &["adac"]),
        known_by(8, Some("ad@example.com"), Some("ad"), &["ad", "not ada"]),
        known_by(9, None, None, &[]),
    ] {
        create(storage, new);
    }
    assert_eq!(listed(storage, &search("ada")), [2, 4, 6, 3, 5, 7, 1]);
    assert_eq!(listed(storage, &search("adac")), [5, 7]);
    assert_eq!(listed(storage, &search("adam")), [3, 1]);
    assert_eq!(listed(storage, &search("ada@example.com")), [2]);
    assert_eq!(listed(storage, &search("ada@example.comx")), [0u64; 0]);
    assert_eq!(listed(storage, &search("not a")), [8]);
    // Everything begins with nothing.
    assert_eq!(listed(storage, &search("")), [8, 2, 4, 1, 6, 3, 7, 5]);
    let mut query = UserQuery {
        limit: 1,
        ..search("ada")
    };
    for found in [
        (0, "ada@example.com"),
        (0, "adaa@example.com"),
        (1, "adaline"),
        (1, "adam"),
        (2, "adac"),
        (2, "adac"),
    ] {
        query.after = page(storage, query.clone()).next;
        let place = query.after.as_ref().unwrap();
        assert_eq!((place.part, place.key.as_str()), found);
    }
}

/// No character means anything but itself, and any may be the last of a prefix.
pub fn a_search_takes_every_character_as_it_is(storage: &impl Storage) {
    let texts = [
        "%",
        "%%",
        "100%",
        "1000",
        "a_b",
        "axb",
        "a*b",
        "a?b",
        "[a]",
        "a\\b",
        "\\%",
        "it's",
        "\"a\"",
        "a b",
        "A_B",
        "zoe",
        "zo\u{eb}",
        "zoe\u{301}",
        "zo\u{fb00}",
        "zo\u{1f98a}",
        "zo\u{d7ff}x",
        "zo\u{e000}x",
        "\u{10ffff}",
        "\u{10ffff}\u{10ffff}x",
        "zo\u{10ffff}",
        "zo\u{10ffff}x",
        "zp",
        "\u{7f}",
        "\u{7f}x",
        "\u{80}x",
    ];
    for (text, number) in texts.into_iter().zip(1..) {
        create(storage, known_by(number, Some(text), None, &[]));
        create(storage, known_by(100 + number, None, Some(text), &[]));
        create(storage, known_by(200 + number, None, None, &[text]));
    }
    let prefixes = [
        "%",
        "_",
        "*",
        "?",
        "[",
        "[a-z]",
        "\\",
        "'",
        "100%",
        "100",
        "a_",
        "a%",
        "a*",
        "a\\",
        "A",
        "ZO",
        "it'",
        "\"",
        "zo",
        "zoe",
        "zo\u{eb}",
        "zo\u{fb00}",
        "zo\u{1f98a}",
        "zo\u{d7ff}",
        "zo\u{e000}",
        "\u{10ffff}",
        "\u{10ffff}\u{10ffff}",
        "zo\u{10ffff}",
        "zo\u{10ffff}\u{10ffff}",
        "\u{7f}",
        "\u{80}",
        " ",
        "a ",
    ];
    for prefix in prefixes {
        let begins = texts.into_iter().zip(1..);
        let mut begins: Vec<_> = begins
            .filter(|(text, _)| text.starts_with(prefix))
            .collect();
        begins.sort();
        let parts = [0, 100, 200].into_iter();
        let expected: Vec<u64> = parts
            .flat_map(|part| begins.iter().map(move |(_, number)| part + number))
            .collect();
        assert_eq!(listed(storage, &search(prefix)), expected, "{prefix:?}");
    }
}

/// Filters hold for a search, too; the order and its direction don't.
pub fn a_search_keeps_to_the_filters_and_to_its_own_order(storage: &impl Storage) {
    for (number, disabled) in [(1, false), (2, true), (3, false), (4, true)] {
        // Later ones come first by every order but that of the search.
        let key = format!("a{number}");
        let mut new = known_by(
            number,
            Some(&key),
            Some(&format!("b{}", 9 - number)),
            &["c"],
        );
        new.user.created_at = at(9 - number);
        new.user.disabled_at = disabled.then(|| at(1));
        create(storage, new);
    }
    for order in [UserOrder::CreatedAt, UserOrder::Email, UserOrder::Username] {
        for descending in [false, true] {
            for (prefix, disabled, expected) in [
                ("a", None, vec![1, 2, 3, 4]),
                ("a", Some(true), vec![2, 4]),
                ("b", Some(false), vec![3, 1]),
                ("c", Some(true), vec![2, 4]),
                ("d", None, vec![]),
            ] {
                let query = UserQuery {
                    order,
                    descending,
                    disabled,
                    ..search(prefix)
                };
                assert_eq!(listed(storage, &query), expected, "{query:?}");
            }
        }
    }
}

/// Who stays as he is comes exactly once in a walk through what a search finds.
pub fn a_walk_through_a_search_lists_everybody_once_whoever_comes_and_goes(storage: &impl Storage) {
    for number in 1..=8 {
        let key = format!("am{number}");
        // Some are found in several ways, and some by the same term.
        let email = (number % 3 == 0).then_some(key.as_str());
        let name = (number % 3 == 1 || number == 6).then_some(key.as_str());
        create(storage, known_by(number, email, name, &["am", "an", "b"]));
    }
    let coming = |number| {
        let first = ["aa", "am", "az", "b"][number as usize % 4];
        let key = format!("{first}{number}");
        let email = (number % 5 == 0).then_some(key.as_str());
        let name = (number % 3 == 0).then_some(key.as_str());
        let mut new = known_by(number, email, name, &[first, &key]);
        new.credentials.clear();
        new
    };
    let mut numbers = 10_000..;
    for _ in 0..3 {
        walk_among_others(storage, &search("a"), &mut numbers, coming);
    }
}

/// A replacement that expects another secret changes nothing.
pub fn a_secret_is_replaced_only_if_it_is_the_expected_one(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    let replace = |expected: &str, replacement: &str| {
        block_on(storage.replace_credential_secret(
            id(1001),
            expected.into(),
            replacement.into(),
            at(5),
        ))
        .unwrap()
    };
    assert!(!replace("another", "second"));
    assert!(replace("$argon2id$first", "second"));
    assert!(!replace("$argon2id$first", "third"));
    let account = block_on(storage.find_account(LoginName::Email("ada@example.com".into())))
        .unwrap()
        .unwrap();
    assert_eq!(account.credentials[0].secret, "second");
    assert_eq!(account.credentials[0].updated_at, at(5));
    assert!(
        !block_on(storage.replace_credential_secret(id(9), "second".into(), "x".into(), at(5)))
            .unwrap()
    );
}

/// Of concurrent replacements of one secret exactly one happens.
pub fn one_of_many_concurrent_replacements_wins(storage: &(impl Storage + Sync)) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    let replaced = concurrently(|caller| {
        let replacement = format!("by {caller}");
        block_on(storage.replace_credential_secret(
            id(1001),
            "$argon2id$first".into(),
            replacement,
            at(5),
        ))
        .unwrap()
    });
    let winners: Vec<_> = (0..CALLERS).filter(|caller| replaced[*caller]).collect();
    assert_eq!(winners.len(), 1);
    let account = block_on(storage.find_account(LoginName::Email("ada@example.com".into())))
        .unwrap()
        .unwrap();
    assert_eq!(account.credentials[0].secret, format!("by {}", winners[0]));
}

/// One query brings the session, its user, and roles and permissions, sorted and each once.
pub fn a_session_comes_with_its_user_roles_and_permissions(storage: &impl Storage) {
    let mut user = new_user(1, Some("ada@example.com"), Some("ada"));
    user.roles = ["user", "superadmin", "no such role"]
        .map(str::to_owned)
        .to_vec();
    create(storage, user.clone());
    let started = start(storage, session(10, 1), "first");
    assert_eq!(started.session, session(10, 1));
    assert_eq!(
        started.user,
        User {
            last_login_at: Some(at(1)),
            ..user.user
        }
    );
    assert_eq!(started.roles, ["superadmin", "user"]);
    assert_eq!(started.permissions, ["*"]);
    assert_eq!(find(storage, 10), started);
    assert_eq!(block_on(storage.find_session(id(11))), Ok(None));
}

/// A user who is unknown or disabled gets no session, and nothing is stored.
pub fn an_inactive_user_gets_no_session(storage: &impl Storage) {
    let mut disabled = new_user(1, Some("ada@example.com"), None);
    disabled.user.disabled_at = Some(at(0));
    create(storage, disabled);
    for user in [1, 2] {
        let refresh_token = Some(RefreshToken {
            digest: "first".into(),
            expires_at: at(100),
        });
        let new = NewSession {
            session: session(10, user),
            refresh_token,
            credential: None,
            ends_others: false,
        };
        assert_eq!(
            block_on(storage.start_session(new)),
            Ok(StartSessionOutcome::UserInactive)
        );
    }
    assert_eq!(block_on(storage.find_session(id(10))), Ok(None));
    assert_eq!(
        block_on(storage.find_refresh_token_session("first".into())),
        Ok(None)
    );
}

/// A login whose credential is gone by the time that its session would start gets none.
pub fn a_session_rests_on_its_credential(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    create(storage, new_user(2, Some("bob@example.com"), None));
    let start = |number, credential| {
        let new = NewSession {
            session: session(number, 1),
            refresh_token: None,
            credential: Some(id(credential)),
            ends_others: true,
        };
        block_on(storage.start_session(new)).unwrap()
    };
    assert!(matches!(start(10, 1001), StartSessionOutcome::Started(_)));
    // Of another user, and gone.
    assert_eq!(start(11, 1002), StartSessionOutcome::UserInactive);
    assert!(block_on(storage.delete_credential(id(1001))).unwrap());
    assert_eq!(start(11, 1001), StartSessionOutcome::UserInactive);
    assert_eq!(block_on(storage.find_session(id(11))), Ok(None));
    assert_eq!(find(storage, 10).session.revoked_at, None);
}

/// `ends-others` ends the user's other sessions, and nobody else's.
pub fn a_single_session_ends_the_others(storage: &impl Storage) {
    signed_in(storage);
    create(storage, new_user(2, Some("bob@example.com"), None));
    start(storage, session(20, 2), "of bob");
    start(storage, expired(12, 1), "expired");
    let new = NewSession {
        session: session(11, 1),
        refresh_token: None,
        credential: None,
        ends_others: true,
    };
    let StartSessionOutcome::Started(started) = block_on(storage.start_session(new)).unwrap()
    else {
        panic!("not started")
    };
    assert_eq!(started.active.session.id, id(11));
    assert_eq!(started.ended, [id(10)]);
    assert_eq!(
        find(storage, 10).session.revocation_reason.as_deref(),
        Some("single_session")
    );
    assert_eq!(find(storage, 11).session.revoked_at, None);
    assert_eq!(find(storage, 20).session.revoked_at, None);
    assert_eq!(
        rotate(storage, "first", "second", 5),
        RotationOutcome::Revoked
    );
}

/// The first rotation wins; another within the grace window gets the winner's successor.
pub fn a_refresh_token_is_rotated_once_and_replayed_within_the_grace_window(
    storage: &impl Storage,
) {
    let active = signed_in(storage);
    assert_eq!(
        block_on(storage.find_refresh_token_session("first".into())),
        Ok(Some(id(10)))
    );
    let RotationOutcome::Rotated(rotated) = rotate(storage, "first", "second", 5) else {
        panic!("not rotated")
    };
    assert_eq!(
        rotated.session,
        Session {
            last_seen_at: at(5),
            ..active.session
        }
    );
    assert_eq!((rotated.user, rotated.roles), (active.user, active.roles));
    for seconds in [5, 14] {
        let RotationOutcome::Replayed(replayed) = rotate(storage, "first", "discarded", seconds)
        else {
            panic!("not replayed")
        };
        assert_eq!(replayed.sealed, "sealed second");
        assert!(!replayed.superseded);
        assert_eq!(replayed.active.session.id, id(10));
    }
    assert_eq!(
        rotate(storage, "discarded", "x", 14),
        RotationOutcome::Unknown
    );
    assert!(matches!(
        rotate(storage, "second", "third", 14),
        RotationOutcome::Rotated(_)
    ));
}

/// A replay says whether the successor has been rotated since.
pub fn a_late_copy_is_told_when_its_successor_is_used_up(storage: &impl Storage) {
    signed_in(storage);
    assert!(matches!(
        rotate(storage, "first", "second", 5),
        RotationOutcome::Rotated(_)
    ));
    assert!(matches!(
        rotate(storage, "second", "third", 6),
        RotationOutcome::Rotated(_)
    ));
    let RotationOutcome::Replayed(replayed) = rotate(storage, "first", "x", 7) else {
        panic!("not replayed")
    };
    assert!(replayed.superseded);
    assert_eq!(replayed.sealed, "sealed second");
}

/// After the grace window a consumed token ends its session, and with it every token of the family.
pub fn a_reused_refresh_token_ends_the_family(storage: &impl Storage) {
    signed_in(storage);
    start(storage, session(11, 1), "of another session");
    assert!(matches!(
        rotate(storage, "first", "second", 5),
        RotationOutcome::Rotated(_)
    ));
    let RotationOutcome::Reused(reused) = rotate(storage, "first", "x", 15) else {
        panic!("not reused")
    };
    assert_eq!(reused.session.id, id(10));
    let ended = find(storage, 10).session;
    assert_eq!(ended.revoked_at, Some(at(15)));
    assert_eq!(
        ended.revocation_reason.as_deref(),
        Some("refresh_token_reuse")
    );
    assert_eq!(
        rotate(storage, "second", "third", 16),
        RotationOutcome::Revoked
    );
    assert_eq!(
        rotate(storage, "first", "third", 16),
        RotationOutcome::Revoked
    );
    assert!(matches!(
        rotate(storage, "of another session", "y", 16),
        RotationOutcome::Rotated(_)
    ));
}

/// Without a grace window a request that was overtaken is a reuse, too.
pub fn without_a_grace_window_nothing_is_replayed(storage: &impl Storage) {
    signed_in(storage);
    assert!(matches!(
        rotate(storage, "first", "second", 5),
        RotationOutcome::Rotated(_)
    ));
    let overtaken = rotate_within(storage, Duration::ZERO, "first", "x", 4);
    assert!(
        matches!(overtaken, RotationOutcome::Reused(_)),
        "{overtaken:?}"
    );
    assert!(find(storage, 10).session.revoked_at.is_some());
}

/// A token is refused past its own time and past its session's, to which its successor's is cut.
pub fn a_refresh_token_ends_with_its_time_and_its_session(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    start(storage, session(10, 1), "own time");
    assert_eq!(
        rotate(storage, "own time", "x", 10_000),
        RotationOutcome::Expired
    );
    let short = Session {
        expires_at: at(50),
        ..session(11, 1)
    };
    start(storage, short, "first");
    assert!(matches!(
        rotate(storage, "first", "second", 49),
        RotationOutcome::Rotated(_)
    ));
    assert_eq!(
        rotate(storage, "second", "third", 50),
        RotationOutcome::Expired
    );
    assert_eq!(
        rotate(storage, "first", "third", 70),
        RotationOutcome::Expired
    );
    assert_eq!(find(storage, 11).session.revoked_at, None);
    assert_eq!(rotate(storage, "unknown", "x", 5), RotationOutcome::Unknown);
}

/// Of concurrent rotations of one token exactly one is `rotated`; the others get its successor.
pub fn one_of_many_concurrent_rotations_wins_and_the_others_get_its_successor(
    storage: &(impl Storage + Sync),
) {
    signed_in(storage);
    let outcomes =
        concurrently(|caller| rotate(storage, "first", &format!("successor {caller}"), 5));
    let winners: Vec<_> = (0..CALLERS)
        .filter(|caller| matches!(outcomes[*caller], RotationOutcome::Rotated(_)))
        .collect();
    assert_eq!(winners.len(), 1);
    let successor = format!("successor {}", winners[0]);
    for outcome in outcomes {
        match outcome {
            RotationOutcome::Rotated(_) => {}
            RotationOutcome::Replayed(replayed) => {
                assert_eq!(replayed.sealed, format!("sealed {successor}"))
            }
            outcome => panic!("{outcome:?}"),
        }
    }
    assert!(matches!(
        rotate(storage, &successor, "next", 6),
        RotationOutcome::Rotated(_)
    ));
}

/// Revoking again changes nothing: the first time and reason stay.
pub fn a_revoked_session_stays_revoked(storage: &(impl Storage + Sync)) {
    signed_in(storage);
    let revoked = concurrently(|caller| {
        block_on(storage.revoke_session(id(10), at(5), format!("by {caller}"))).unwrap()
    });
    let winners: Vec<_> = (0..CALLERS).filter(|caller| revoked[*caller]).collect();
    assert_eq!(winners.len(), 1);
    assert!(!block_on(storage.revoke_session(id(10), at(6), "again".into())).unwrap());
    let session = find(storage, 10).session;
    assert_eq!(session.revoked_at, Some(at(5)));
    assert_eq!(
        session.revocation_reason,
        Some(format!("by {}", winners[0]))
    );
    assert!(!block_on(storage.revoke_session(id(99), at(6), "unknown".into())).unwrap());
    assert_eq!(
        rotate(storage, "first", "second", 7),
        RotationOutcome::Revoked
    );
}

/// All of a user's sessions end, or all but one; other users' stay, and those that have ended are left alone.
pub fn all_sessions_but_one_are_revoked(storage: &impl Storage) {
    signed_in(storage);
    start(storage, session(11, 1), "b");
    start(storage, session(12, 1), "c");
    create(storage, new_user(2, Some("bob@example.com"), None));
    start(storage, session(20, 2), "of bob");
    let acting = Session {
        actor_id: Some(id(1)),
        ..session(21, 2)
    };
    start(storage, acting, "as bob");
    start(storage, expired(13, 1), "expired");
    let revoke = |except| {
        let revoked = storage.revoke_sessions(id(1), except, at(5), "logout_all".into());
        let mut revoked = block_on(revoked).unwrap();
        revoked.sort();
        revoked
    };
    assert_eq!(revoke(Some(id(11))), [id(10), id(12), id(21)]);
    assert_eq!(find(storage, 11).session.revoked_at, None);
    assert_eq!(
        find(storage, 12).session.revocation_reason.as_deref(),
        Some("logout_all")
    );
    assert_eq!(revoke(None), [id(11)]);
    assert!(revoke(None).is_empty());
    assert_eq!(find(storage, 20).session.revoked_at, None);
}

/// A session that an opaque token stands for; ended ones are found too, and are not listed.
pub fn a_session_is_found_by_its_token_and_listed_while_it_lasts(storage: &impl Storage) {
    let find = |token: &str| block_on(storage.find_session_by_token(token.into())).unwrap();
    let list = |seconds| -> Vec<String> {
        let sessions = block_on(storage.list_sessions(id(1), at(seconds))).unwrap();
        sessions.into_iter().map(|session| session.id).collect()
    };
    signed_in(storage);
    create(storage, new_user(2, Some("bob@example.com"), None));
    start(storage, session(20, 2), "of bob");
    let opaque = Session {
        token: Some("opaque".to_owned()),
        last_seen_at: at(2),
        expires_at: at(100),
        ..session(11, 1)
    };
    assert_eq!(start(storage, opaque.clone(), "unused").session, opaque);
    assert_eq!(find("opaque"), Some(self::find(storage, 11)));
    assert_eq!(find("first"), None);
    assert_eq!(list(5), [id(11), id(10)]);
    assert_eq!(list(100), [id(10)]);
    assert!(block_on(storage.revoke_session(id(11), at(6), "logout".into())).unwrap());
    assert_eq!(list(7), [id(10)]);
    assert_eq!(
        find("opaque").unwrap().session.revocation_reason.as_deref(),
        Some("logout")
    );
}

/// What is late or unknown changes nothing.
pub fn last_seen_only_moves_forward(storage: &impl Storage) {
    signed_in(storage);
    let touch = |number, seconds| block_on(storage.touch_session(id(number), at(seconds))).unwrap();
    for (seconds, seen) in [(50, 50), (20, 50), (60, 60)] {
        touch(10, seconds);
        assert_eq!(find(storage, 10).session.last_seen_at, at(seen));
    }
    touch(99, 70);
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

/// Used, expired and unknown ones are not; a new one can take the place of those that were not used.
pub fn a_one_time_secret_is_used_once(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    create(storage, new_user(2, Some("bob@example.com"), None));
    let find = |digest: &str| block_on(storage.find_one_time_secret(digest.into())).unwrap();
    store_secret(storage, one_time_secret("a", 1), false);
    assert_eq!(find("a"), Some(one_time_secret("a", 1)));
    assert_eq!(find("x"), None);
    assert!(!consume(storage, "x", 5));
    assert!(consume(storage, "a", 5));
    assert!(!consume(storage, "a", 6));
    assert_eq!(find("a").unwrap().consumed_at, Some(at(5)));

    let nobodys = OneTimeSecret {
        user_id: None,
        ..one_time_secret("n", 1)
    };
    store_secret(storage, nobodys, false);
    let other_purpose = OneTimeSecret {
        purpose: "reset".to_owned(),
        ..one_time_secret("o", 1)
    };
    store_secret(storage, other_purpose, false);
    store_secret(storage, one_time_secret("b", 1), false);
    store_secret(storage, one_time_secret("c", 2), false);
    store_secret(storage, one_time_secret("d", 1), true);
    assert_eq!(find("b"), None);
    for digest in ["a", "c", "d", "n", "o"] {
        assert!(find(digest).is_some(), "{digest}");
    }
    assert!(!consume(storage, "d", 100));
    assert!(consume(storage, "d", 99));
}

/// Of concurrent uses of one secret exactly one is the first.
pub fn one_of_many_concurrent_uses_of_a_secret_wins(storage: &(impl Storage + Sync)) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    store_secret(storage, one_time_secret("a", 1), false);
    let used = concurrently(|_| consume(storage, "a", 5));
    assert_eq!(used.iter().filter(|used| **used).count(), 1);
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
    }
}

fn apply(storage: &impl Storage, change: UserChange) -> ChangeOutcome {
    block_on(storage.change_user(change)).unwrap()
}

/// Fields, keys, credentials, roles and sessions change together, or, for who saw an older user, not at all.
pub fn a_change_of_a_user_is_all_or_nothing(storage: &impl Storage) {
    signed_in(storage);
    start(storage, session(11, 1), "of another device");
    start(storage, expired(12, 1), "expired");
    create(storage, new_user(2, Some("bob@example.com"), None));
    start(storage, session(20, 2), "of bob");
    let before = account(storage, 1);
    let credential = |number, kind: &str, secret: &str| Credential {
        id: id(number),
        kind: kind.to_owned(),
        secret: secret.to_owned(),
        counter: Some(7),
        ..before.credentials[0].clone()
    };
    let changed = UserChange {
        user: User {
            email: Some("Ada@New.example".to_owned()),
            email_verified_at: Some(at(5)),
            username: Some("Countess".to_owned()),
            display_name: None,
            profile: r#"{"team": 1}"#.to_owned(),
            disabled_at: None,
            locked_until: Some(at(9)),
            updated_at: at(5),
            // These two stay as they are.
            created_at: at(4),
            last_login_at: None,
            ..before.user.clone()
        },
        email_key: Some("ada@new.example".to_owned()),
        username_key: Some("countess".to_owned()),
        deletes_credentials: vec!["password".to_owned(), "none of these".to_owned()],
        credentials: vec![
            credential(2001, "password", "second"),
            credential(2002, "totp", "sealed"),
        ],
        adds_roles: ["verified", "user", "no such role"]
            .map(str::to_owned)
            .to_vec(),
        ends_sessions: Some(SessionEnding {
            only_acting: false,
            except: Some(id(10)),
            reason: "password_changed".to_owned(),
        }),
        ..change(&before.user, 100, 5)
    };
    assert_eq!(
        apply(storage, changed.clone()),
        ChangeOutcome::Changed(vec![id(11)])
    );
    let after = account(storage, 1);
    let expected = User {
        created_at: before.user.created_at,
        last_login_at: before.user.last_login_at,
        ..changed.user.clone()
    };
    assert_eq!(after.user, expected);
    assert!(after.credentials == changed.credentials);
    let active = find(storage, 10);
    assert_eq!((active.session.revoked_at, active.user), (None, expected));
    assert_eq!(active.roles, ["user", "verified"]);
    let ended = find(storage, 11).session;
    assert_eq!(ended.revoked_at, Some(at(5)));
    assert_eq!(ended.revocation_reason.as_deref(), Some("password_changed"));
    assert_eq!(find(storage, 12).session.revoked_at, None);
    assert_eq!(find(storage, 20).session.revoked_at, None);
    let by_key = LoginName::Email("ada@new.example".into());
    assert!(block_on(storage.find_account(by_key)).unwrap().is_some());
    let old_key = LoginName::Email("ada@example.com".into());
    assert!(block_on(storage.find_account(old_key)).unwrap().is_none());

    // Who still has the old user in mind.
    let late = UserChange {
        id: id(101),
        removes_roles: vec!["user".to_owned()],
        ends_sessions: Some(SessionEnding {
            only_acting: false,
            except: None,
            reason: "late".to_owned(),
        }),
        ..changed
    };
    assert_eq!(apply(storage, late), ChangeOutcome::Conflict);
    assert_eq!(account(storage, 1).user, after.user);
    assert_eq!(find(storage, 10).session.revoked_at, None);
    let removes = UserChange {
        removes_roles: vec!["verified".to_owned()],
        ..change(&after.user, 102, 6)
    };
    assert_eq!(apply(storage, removes), ChangeOutcome::Changed(vec![]));
    assert_eq!(find(storage, 10).roles, ["user"]);
    // What he does as another ends by itself, where that is asked for.
    let acting = Session {
        actor_id: Some(id(1)),
        ..session(21, 2)
    };
    start(storage, acting, "acting");
    let ends = UserChange {
        ends_sessions: Some(SessionEnding {
            only_acting: true,
            except: None,
            reason: "role_removed".to_owned(),
        }),
        ..change(&account(storage, 1).user, 104, 7)
    };
    assert_eq!(apply(storage, ends), ChangeOutcome::Changed(vec![id(21)]));
    assert_eq!(find(storage, 10).session.revoked_at, None);
    let gone = new_user(9, None, None).user;
    assert_eq!(
        apply(storage, change(&gone, 103, 7)),
        ChangeOutcome::Conflict
    );
}

/// A change that needs a secret happens with it or not at all.
pub fn a_change_uses_up_its_secret(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    create(storage, new_user(2, Some("bob@example.com"), None));
    for digest in ["mine", "late", "used"] {
        store_secret(storage, one_time_secret(digest, 1), false);
    }
    store_secret(storage, one_time_secret("bobs", 2), false);
    assert!(consume(storage, "used", 5));
    let with = |digest: &str, number, seconds| UserChange {
        consumes: Some(digest.to_owned()),
        ..change(&account(storage, 1).user, number, seconds)
    };
    for (digest, seconds) in [("unknown", 6), ("used", 6), ("bobs", 6), ("late", 100)] {
        assert_eq!(
            apply(storage, with(digest, 100, seconds)),
            ChangeOutcome::SecretRefused,
            "{digest}"
        );
    }
    assert_eq!(account(storage, 1).user.updated_at, at(0));
    assert_eq!(
        apply(storage, with("mine", 101, 6)),
        ChangeOutcome::Changed(vec![])
    );
    assert!(!consume(storage, "mine", 7));
    assert_eq!(
        apply(storage, with("mine", 102, 8)),
        ChangeOutcome::SecretRefused
    );
    assert_eq!(
        account(storage, 1).user.display_name.as_deref(),
        Some("by 101")
    );
}

/// A change voids the unused secrets for one purpose that were made since a time, and not the one that it uses.
pub fn a_change_voids_later_secrets(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    create(storage, new_user(2, Some("bob@example.com"), None));
    let made = |digest: &str, user, seconds| OneTimeSecret {
        created_at: at(seconds),
        ..one_time_secret(digest, user)
    };
    for secret in [
        made("earlier", 1, 4),
        made("mine", 1, 5),
        made("same", 1, 5),
        made("later", 1, 6),
        made("bobs", 2, 6),
        OneTimeSecret {
            purpose: "reset".to_owned(),
            ..made("other", 1, 6)
        },
    ] {
        store_secret(storage, secret, false);
    }
    let voiding = |number, seconds| UserChange {
        consumes: Some("mine".to_owned()),
        voids: Some(VoidedSecrets {
            purpose: "verify".to_owned(),
            since: at(5),
        }),
        ..change(&account(storage, 1).user, number, seconds)
    };
    let conflicting = UserChange {
        expected_updated_at: at(1),
        ..voiding(99, 7)
    };
    assert_eq!(apply(storage, conflicting), ChangeOutcome::Conflict);
    let find = |digest: &str| block_on(storage.find_one_time_secret(digest.into())).unwrap();
    assert!(find("later").is_some());
    assert_eq!(
        apply(storage, voiding(100, 7)),
        ChangeOutcome::Changed(vec![])
    );
    assert_eq!(find("mine").unwrap().consumed_at, Some(at(7)));
    for (digest, stays) in [
        ("earlier", true),
        ("same", false),
        ("later", false),
        ("bobs", true),
        ("other", true),
    ] {
        assert_eq!(find(digest).is_some(), stays, "{digest}");
    }
}

/// Of concurrent changes that saw one user exactly one happens, with all that belongs to it.
pub fn one_of_many_concurrent_changes_wins(storage: &(impl Storage + Sync)) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    store_secret(storage, one_time_secret("a", 1), false);
    let user = account(storage, 1).user;
    let outcomes = concurrently(|caller| {
        let number = 100 + caller as u64;
        let mut credential = account(storage, 1).credentials.remove(0);
        credential.id = id(3000 + number);
        credential.secret = format!("by {number}");
        let change = UserChange {
            consumes: Some("a".to_owned()),
            deletes_credentials: vec!["password".to_owned()],
            credentials: vec![credential],
            ..change(&user, number, 5)
        };
        apply(storage, change)
    });
    let winners: Vec<_> = (0..CALLERS)
        .filter(|caller| outcomes[*caller] == ChangeOutcome::Changed(vec![]))
        .collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    let lost = |outcome: &&ChangeOutcome| **outcome == ChangeOutcome::Conflict;
    assert_eq!(outcomes.iter().filter(lost).count(), CALLERS - 1);
    let name = format!("by {}", 100 + winners[0]);
    let account = account(storage, 1);
    assert_eq!(account.user.display_name, Some(name.clone()));
    assert_eq!(account.credentials.len(), 1);
    assert_eq!(account.credentials[0].secret, name);
}

/// A conflict says which key, and changes nothing.
pub fn a_change_to_a_taken_key_stores_nothing(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), Some("ada")));
    create(storage, new_user(2, Some("bob@example.com"), Some("bob")));
    store_secret(storage, one_time_secret("a", 1), false);
    let ada = account(storage, 1).user;
    let to = |email: &str, name: &str| UserChange {
        email_key: Some(email.to_owned()),
        username_key: Some(name.to_owned()),
        consumes: Some("a".to_owned()),
        deletes_credentials: vec!["password".to_owned()],
        ..change(&ada, 100, 5)
    };
    assert_eq!(
        apply(storage, to("bob@example.com", "bob")),
        ChangeOutcome::EmailTaken
    );
    assert_eq!(
        apply(storage, to("ada@example.com", "bob")),
        ChangeOutcome::UsernameTaken
    );
    let unchanged = account(storage, 1);
    assert_eq!(unchanged.user, ada);
    assert_eq!(unchanged.credentials.len(), 1);
    assert!(consume(storage, "a", 6));
}

/// Of concurrent changes of many users to one key exactly one happens.
pub fn one_of_many_concurrent_changes_gets_the_key(storage: &(impl Storage + Sync)) {
    let users: Vec<_> = (1..=CALLERS as u64)
        .map(|number| {
            create(storage, new_user(number, None, None));
            account(storage, number).user
        })
        .collect();
    let race = |seconds, email: Option<&str>, username: Option<&str>, lost| {
        let outcomes = concurrently(|caller| {
            let user = User {
                updated_at: account(storage, caller as u64 + 1).user.updated_at,
                ..users[caller].clone()
            };
            let change = UserChange {
                email_key: email.map(str::to_owned),
                username_key: username.map(str::to_owned),
                ..change(&user, seconds * 1000 + caller as u64, seconds)
            };
            apply(storage, change)
        });
        assert_eq!(times(&outcomes, ChangeOutcome::Changed(vec![])), 1);
        assert_eq!(times(&outcomes, lost), CALLERS - 1);
    };
    race(5, Some("ada"), None, ChangeOutcome::EmailTaken);
    race(6, None, Some("ada"), ChangeOutcome::UsernameTaken);
}

/// After a change a user is found by the terms of the change, and by no other.
pub fn a_change_replaces_the_terms(storage: &impl Storage) {
    create(
        storage,
        known_by(1, Some("ada@example.com"), None, &["first", "both"]),
    );
    create(storage, known_by(2, None, None, &["first"]));
    let user = account(storage, 1).user;
    let to = |number, seconds, terms: &[&str]| UserChange {
        terms: names(terms),
        ..change(&account(storage, 1).user, number, seconds)
    };
    let late = UserChange {
        expected_updated_at: at(1),
        ..to(99, 5, &["late"])
    };
    assert_eq!(apply(storage, late), ChangeOutcome::Conflict);
    assert_eq!(listed(storage, &search("late")), [0u64; 0]);
    assert_eq!(listed(storage, &search("first")), [1, 2]);
    let moved = UserChange {
        email_key: Some("countess@example.com".to_owned()),
        ..to(100, 5, &["both", "second"])
    };
    assert_eq!(apply(storage, moved), ChangeOutcome::Changed(vec![]));
    for (prefix, expected) in [
        ("first", vec![2]),
        ("both", vec![1]),
        ("second", vec![1]),
        ("ada@", vec![]),
        ("countess", vec![1]),
    ] {
        assert_eq!(listed(storage, &search(prefix)), expected, "{prefix}");
    }
    let cleared = UserChange {
        email_key: None,
        user: User {
            email: None,
            updated_at: at(6),
            ..user
        },
        ..to(101, 6, &[])
    };
    assert_eq!(apply(storage, cleared), ChangeOutcome::Changed(vec![]));
    assert_eq!(listed(storage, &search("")), [2]);
}

/// The change, but by it the user is disabled.
fn disabling(change: UserChange) -> UserChange {
    UserChange {
        user: User {
            disabled_at: Some(change.user.updated_at),
            ..change.user
        },
        ..change
    }
}

/// The change, but by it the user loses the role, if somebody else keeps it.
fn removing(role: &str, change: UserChange) -> UserChange {
    UserChange {
        removes_roles: names(&[role]),
        keeps_holder: Some(role.to_owned()),
        ..change
    }
}

/// The last who is not disabled and has a role can't lose it or be disabled; all else of him can change.
pub fn the_last_holder_keeps_the_role(storage: &impl Storage) {
    let mut last = new_user(1, Some("ada@example.com"), Some("ada"));
    last.roles = names(&["superadmin", "admin"]);
    last.terms = names(&["term"]);
    create(storage, last);
    start(storage, session(10, 1), "first");
    let mut disabled = with_role(2, "superadmin");
    disabled.user.disabled_at = Some(at(1));
    create(storage, disabled);
    create(storage, new_user(3, Some("bob@example.com"), Some("bob")));
    store_secret(storage, one_time_secret("a", 1), false);
    let to = |number, seconds| UserChange {
        keeps_holder: Some("superadmin".to_owned()),
        terms: names(&["term"]),
        ..change(&account(storage, 1).user, number, seconds)
    };
    let with_all = |change| UserChange {
        consumes: Some("a".to_owned()),
        deletes_credentials: names(&["password"]),
        adds_roles: names(&["user"]),
        ends_sessions: Some(SessionEnding {
            only_acting: false,
            except: None,
            reason: "role_removed".to_owned(),
        }),
        terms: names(&["other"]),
        ..change
    };
    let before = member(storage, 1);
    for refused in [
        with_all(removing("superadmin", to(100, 5))),
        with_all(disabling(to(101, 5))),
        disabling(removing("superadmin", to(102, 5))),
    ] {
        assert_eq!(apply(storage, refused), ChangeOutcome::LastHolder);
    }
    assert!(member(storage, 1) == before);
    assert_eq!(find(storage, 10).session.revoked_at, None);
    assert_eq!(listed(storage, &search("other")), [0u64; 0]);
    assert_eq!(listed(storage, &search("term")), [1]);

    // What else is wrong comes first.
    let removes = || removing("superadmin", to(103, 5));
    let late = UserChange {
        expected_updated_at: at(1),
        ..removes()
    };
    assert_eq!(apply(storage, late), ChangeOutcome::Conflict);
    let without = UserChange {
        consumes: Some("unknown".to_owned()),
        ..removes()
    };
    assert_eq!(apply(storage, without), ChangeOutcome::SecretRefused);
    let taken = |email: &str, name: &str| UserChange {
        email_key: Some(email.to_owned()),
        username_key: Some(name.to_owned()),
        ..removes()
    };
    let outcome = apply(storage, taken("bob@example.com", "ada"));
    assert_eq!(outcome, ChangeOutcome::EmailTaken);
    let outcome = apply(storage, taken("ada@example.com", "bob"));
    assert_eq!(outcome, ChangeOutcome::UsernameTaken);

    // What leaves him the role.
    assert_eq!(apply(storage, to(104, 5)), ChangeOutcome::Changed(vec![]));
    let other_role = UserChange {
        removes_roles: names(&["admin"]),
        ..to(105, 6)
    };
    assert_eq!(apply(storage, other_role), ChangeOutcome::Changed(vec![]));
    assert_eq!(roles(storage, 1), ["superadmin"]);
    assert!(consume(storage, "a", 7));
    // Nobody asks for another.
    let anyway = UserChange {
        keeps_holder: None,
        ..removing("superadmin", to(106, 8))
    };
    assert_eq!(apply(storage, anyway), ChangeOutcome::Changed(vec![]));
    assert_eq!(roles(storage, 1), [""; 0]);
}

/// While somebody else has the role, and for who does not have it or is disabled anyway, nothing is in the way.
pub fn who_does_not_hold_the_role_is_not_hindered(storage: &impl Storage) {
    create(storage, with_role(1, "superadmin"));
    create(storage, with_role(2, "superadmin"));
    create(storage, with_role(3, "admin"));
    let mut disabled = with_role(4, "superadmin");
    disabled.user.disabled_at = Some(at(1));
    create(storage, disabled);
    let removes = |number: u64, seconds| {
        let user = account(storage, number).user;
        apply(
            storage,
            removing("superadmin", change(&user, 100 + seconds, seconds)),
        )
    };
    let disables = |number: u64, seconds| {
        let change = change(&account(storage, number).user, 100 + seconds, seconds);
        let change = UserChange {
            keeps_holder: Some("superadmin".to_owned()),
            ..disabling(change)
        };
        apply(storage, change)
    };
    let changed = ChangeOutcome::Changed(vec![]);
    assert_eq!(removes(2, 10), changed);
    assert_eq!(removes(1, 11), ChangeOutcome::LastHolder);
    // None of these is the one who has it.
    assert_eq!(removes(2, 12), changed);
    assert_eq!(disables(2, 13), changed);
    assert_eq!(removes(3, 14), changed);
    assert_eq!(disables(3, 15), changed);
    assert_eq!(disables(4, 16), changed);
    assert_eq!(removes(4, 17), changed);
    // Nor where nobody has it, or it does not exist.
    let user = account(storage, 1).user;
    let nobodys = UserChange {
        removes_roles: names(&["superadmin", "premium"]),
        ..removing("premium", change(&user, 200, 20))
    };
    assert_eq!(apply(storage, nobodys), changed);
    assert_eq!(removes(1, 21), changed);
    let user = account(storage, 1).user;
    let unknown = removing("no such role", change(&user, 201, 22));
    assert_eq!(apply(storage, unknown), changed);
    assert_eq!(disables(1, 23), changed);
}

/// Tries to take the role of a superadmin in one of three ways; true: he has it no longer.
fn step_down(storage: &impl Storage, user: &User, way: usize, number: u64) -> bool {
    let keeps_holder = Some("superadmin".to_owned());
    let change = change(
        user,
        number,
        user.updated_at.as_secs() - at(0).as_secs() + 1,
    );
    let outcome = match way % 3 {
        0 => {
            let deleted =
                storage.delete_user(user.id.clone(), user.updated_at, at(1), keeps_holder);
            return match block_on(deleted).unwrap() {
                DeleteUserOutcome::Deleted(_) => true,
                DeleteUserOutcome::LastHolder => false,
                other => panic!("{other:?}"),
            };
        }
        1 => apply(storage, removing("superadmin", change)),
        _ => apply(
            storage,
            UserChange {
                keeps_holder,
                ..disabling(change)
            },
        ),
    };
    match outcome {
        ChangeOutcome::Changed(_) => true,
        ChangeOutcome::LastHolder => false,
        outcome => panic!("{outcome:?}"),
    }
}

fn superadmins(storage: &impl Storage) -> Vec<u64> {
    let query = UserQuery {
        role: Some("superadmin".to_owned()),
        disabled: Some(false),
        ..everybody()
    };
    listed(storage, &query)
}

/// Of the last two who have a role, and lose it at once in any two ways, one stays.
pub fn of_two_concurrent_last_holders_one_stays(storage: &(impl Storage + Sync)) {
    let mut number = 0;
    for ways in [[0, 0], [0, 1], [0, 2], [1, 1], [1, 2], [2, 2]] {
        for _ in 0..5 {
            let users = [number + 1, number + 2].map(|number| {
                let mut new = with_role(number, "superadmin");
                new.credentials.clear();
                create(storage, new);
                account(storage, number).user
            });
            number += 2;
            let barrier = std::sync::Barrier::new(2);
            let gone: Vec<_> = std::thread::scope(|scope| {
                let threads = [0, 1].map(|caller| {
                    let (user, barrier) = (&users[caller], &barrier);
                    let change = 10_000 + number + caller as u64;
                    scope.spawn(move || {
                        barrier.wait();
                        step_down(storage, user, ways[caller], change)
                    })
                });
                threads
                    .into_iter()
                    .map(|thread| thread.join().unwrap())
                    .collect()
            });
            assert_eq!(times(&gone, true), 1, "{ways:?}");
            let stayed = if gone[0] { number } else { number - 1 };
            assert_eq!(superadmins(storage), [stayed], "{ways:?}");
            assert_eq!(delete(storage, stayed), DeleteUserOutcome::Deleted(vec![]));
        }
    }
}

/// Of many who have a role and all lose it at once one stays, and he alone is refused.
pub fn of_many_concurrent_holders_one_stays(storage: &(impl Storage + Sync)) {
    let users: Vec<_> = (1..=CALLERS as u64)
        .map(|number| {
            create(storage, with_role(number, "superadmin"));
            account(storage, number).user
        })
        .collect();
    let gone =
        concurrently(|caller| step_down(storage, &users[caller], caller, 10_000 + caller as u64));
    assert_eq!(times(&gone, false), 1);
    let stayed = gone.iter().position(|gone| !gone).unwrap() as u64 + 1;
    assert_eq!(superadmins(storage), [stayed]);
}

/// A counter that is not greater than the last one is refused.
pub fn a_counter_only_moves_forward(storage: &impl Storage) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    let accept = |number, counter| {
        block_on(storage.accept_counter(id(number), counter, at(counter))).unwrap()
    };
    assert!(accept(1001, 5));
    assert!(!accept(1001, 5));
    assert!(!accept(1001, 4));
    assert!(accept(1001, 7));
    assert!(!accept(1002, 8));
    let credential = account(storage, 1).credentials.remove(0);
    assert_eq!(
        (credential.counter, credential.last_used_at),
        (Some(7), Some(at(7)))
    );
}

/// Of concurrent calls with one counter exactly one is accepted.
pub fn one_of_many_concurrent_counters_is_accepted(storage: &(impl Storage + Sync)) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    let accepted = concurrently(|_| block_on(storage.accept_counter(id(1001), 5, at(5))).unwrap());
    assert_eq!(accepted.iter().filter(|accepted| **accepted).count(), 1);
}

/// Of concurrent deletions of one credential exactly one finds it.
pub fn one_of_many_concurrent_uses_of_a_credential_wins(storage: &(impl Storage + Sync)) {
    create(storage, new_user(1, Some("ada@example.com"), None));
    let deleted = concurrently(|_| block_on(storage.delete_credential(id(1001))).unwrap());
    assert_eq!(deleted.iter().filter(|deleted| **deleted).count(), 1);
    assert!(account(storage, 1).credentials.is_empty());
}

/// Sessions, tokens, secrets and keys of a deleted user are gone, and another can have the address.
pub fn a_deleted_user_leaves_nothing(storage: &impl Storage) {
    signed_in(storage);
    store_secret(storage, one_time_secret("a", 1), false);
    let mut named = new_user(3, Some("eve@example.com"), Some("eve"));
    named.terms = vec!["term".to_owned()];
    create(storage, named);
    let acting = Session {
        actor_id: Some(id(1)),
        ..session(30, 3)
    };
    start(storage, acting, "of an actor");
    let seen = member(storage, 3).unwrap().account.user.last_login_at;
    assert_eq!(seen, None, "who is acted as has not signed in");
    start(storage, session(31, 3), "of eve");
    start(storage, session(32, 1), "ended before");
    assert!(block_on(storage.revoke_session(id(32), at(1), "logout".into())).unwrap());
    let short = Session {
        expires_at: at(1),
        ..session(33, 1)
    };
    start(storage, short, "over");
    // As he was a moment before.
    let stale = storage.delete_user(id(1), at(1_000_000), at(1), None);
    assert_eq!(block_on(stale), Ok(DeleteUserOutcome::Conflict));
    assert_eq!(find(storage, 10).session.revoked_at, None);
    let DeleteUserOutcome::Deleted(mut ended) = delete(storage, 1) else {
        panic!("he is there");
    };
    ended.sort();
    assert_eq!(ended, [id(10), id(30)], "and none that had ended before");
    assert_eq!(delete(storage, 1), DeleteUserOutcome::Unknown);
    assert!(member(storage, 1).is_none());
    // A session in which the user acted as another ends with him.
    assert_eq!(block_on(storage.find_session(id(30))), Ok(None));
    assert_eq!(find(storage, 31).session.revoked_at, None);
    let by_id = block_on(storage.find_account(LoginName::Id(id(1))));
    assert!(by_id.unwrap().is_none());
    assert_eq!(block_on(storage.find_session(id(10))), Ok(None));
    assert_eq!(
        rotate(storage, "first", "second", 5),
        RotationOutcome::Unknown
    );
    assert_eq!(block_on(storage.find_one_time_secret("a".into())), Ok(None));
    create(storage, new_user(2, Some("ada@example.com"), None));

    assert_eq!(delete(storage, 3), DeleteUserOutcome::Deleted(vec![id(31)]));
    assert_eq!(listed(storage, &search("")), [2]);
    let mut named = new_user(3, None, Some("eve"));
    named.roles.clear();
    create(storage, named);
    let member = member(storage, 3).unwrap();
    assert_eq!(member.account.credentials.len(), 1);
    assert_eq!((member.roles.len(), member.permissions.len()), (0, 0));
    assert_eq!(listed(storage, &search("term")), [0u64; 0]);
}

/// Of concurrent deletions of one user exactly one finds him.
pub fn one_of_many_concurrent_deletions_finds_the_user(storage: &(impl Storage + Sync)) {
    signed_in(storage);
    let outcomes = concurrently(|_| delete(storage, 1));
    let deleted = DeleteUserOutcome::Deleted(vec![id(10)]);
    assert_eq!(times(&outcomes, deleted), 1);
    assert_eq!(times(&outcomes, DeleteUserOutcome::Unknown), CALLERS - 1);
}

/// The last who is not disabled and has a role is not deleted, and nothing of his; nobody else is spared.
pub fn the_last_holder_is_not_deleted(storage: &impl Storage) {
    let delete = |number, role| delete_seen(storage, number, role);
    create(storage, with_role(1, "superadmin"));
    create(storage, with_role(2, "superadmin"));
    let mut disabled = with_role(3, "superadmin");
    disabled.user.disabled_at = Some(at(1));
    create(storage, disabled.clone());
    disabled = with_role(4, "superadmin");
    disabled.user.disabled_at = Some(at(1));
    create(storage, disabled);
    create(storage, with_role(5, "user"));
    start(storage, session(10, 1), "first");
    store_secret(storage, one_time_secret("a", 1), false);
    let superadmin = Some("superadmin");
    assert_eq!(delete(9, superadmin), DeleteUserOutcome::Unknown);
    assert_eq!(delete(2, superadmin), DeleteUserOutcome::Deleted(vec![]));
    let before = member(storage, 1);
    // Who is disabled does not count.
    assert_eq!(delete(1, superadmin), DeleteUserOutcome::LastHolder);
    assert!(member(storage, 1) == before);
    assert_eq!(find(storage, 10).session.revoked_at, None);
    assert!(
        block_on(storage.find_one_time_secret("a".into()))
            .unwrap()
            .is_some()
    );
    assert_eq!(delete(3, superadmin), DeleteUserOutcome::Deleted(vec![]));
    assert_eq!(delete(5, superadmin), DeleteUserOutcome::Deleted(vec![]));
    assert_eq!(
        delete(1, Some("admin")),
        DeleteUserOutcome::Deleted(vec![id(10)])
    );
    // Nobody has it who is not disabled.
    assert_eq!(delete(4, superadmin), DeleteUserOutcome::Deleted(vec![]));
    create(storage, with_role(6, "superadmin"));
    assert_eq!(
        delete(6, Some("no such role")),
        DeleteUserOutcome::Deleted(vec![])
    );
    create(storage, with_role(7, "superadmin"));
    assert_eq!(delete(7, None), DeleteUserOutcome::Deleted(vec![]));
}

/// What the decisions of the service are built on.
pub fn the_built_in_roles_and_permissions_are_there(storage: &impl Storage) {
    let roles: [(u64, &str, &[&str]); 6] = [
        (
            2,
            "admin",
            &[
                "audit:read",
                "keys:read",
                "roles:read",
                "roles:write",
                "users:delete",
                "users:impersonate",
                "users:read",
                "users:write",
            ],
        ),
        (3, "moderator", &["users:read"]),
        (4, "premium", &[]),
        (1, "superadmin", &["*"]),
        (6, "user", &[]),
        (5, "verified", &[]),
    ];
    let stored = block_on(storage.list_roles()).unwrap();
    assert_eq!(stored.len(), roles.len());
    for (role, (number, name, permissions)) in stored.iter().zip(roles) {
        assert_eq!((&role.id, role.name.as_str()), (&id(number), name));
        assert_eq!(role.permissions, permissions);
        assert!(role.built_in && !role.description.is_empty(), "{role:?}");
    }
    let permissions = [
        (0x101, "*"),
        (0x110, "audit:read"),
        (0x111, "keys:read"),
        (0x112, "keys:write"),
        (0x108, "roles:read"),
        (0x109, "roles:write"),
        (0x104, "users:delete"),
        (0x107, "users:export"),
        (0x105, "users:impersonate"),
        (0x106, "users:import"),
        (0x102, "users:read"),
        (0x103, "users:write"),
    ];
    let stored = block_on(storage.list_permissions()).unwrap();
    assert_eq!(stored.len(), permissions.len());
    for (permission, (number, name)) in stored.iter().zip(permissions) {
        assert_eq!(
            (&permission.id, permission.name.as_str()),
            (&id(number), name)
        );
        assert!(
            permission.built_in && !permission.description.is_empty(),
            "{permission:?}"
        );
    }
}

fn role(number: u64, name: &str, permissions: &[&str], seconds: u64) -> Role {
    Role {
        id: id(number),
        name: name.to_owned(),
        description: format!("{name}, zo\u{eb}"),
        built_in: false,
        permissions: names(permissions),
        updated_at: at(seconds),
    }
}

fn permission(number: u64, name: &str, seconds: u64) -> Permission {
    Permission {
        id: id(number),
        name: name.to_owned(),
        description: format!("{name}, zo\u{eb}"),
        built_in: false,
        updated_at: at(seconds),
    }
}

/// What roles and permissions have in common.
trait Named: Clone + PartialEq + std::fmt::Debug + Sync {
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
        block_on(storage.store_role(self, expected)).unwrap()
    }

    fn delete(storage: &impl Storage, id: String) -> bool {
        block_on(storage.delete_role(id)).unwrap()
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
        block_on(storage.store_permission(self, expected)).unwrap()
    }

    fn delete(storage: &impl Storage, id: String) -> bool {
        block_on(storage.delete_permission(id)).unwrap()
    }
}

/// Stores a new role or permission.
fn store_new(storage: &impl Storage, one: impl Named) {
    assert_eq!(
        one.clone().store(storage, None),
        StoreOutcome::Stored,
        "{one:?}"
    );
}

/// Stores a role or permission that was last changed at these seconds.
fn store_over(storage: &impl Storage, one: impl Named, seconds: u64) {
    let outcome = one.clone().store(storage, Some(at(seconds)));
    assert_eq!(outcome, StoreOutcome::Stored, "{one:?}");
}

/// Permissions come sorted and each once, those that there are; who has the role has them at once.
pub fn a_role_is_stored_with_its_permissions(storage: &impl Storage) {
    store_new(storage, permission(0x500, "posts:write", 1));
    assert_eq!(
        Permission::one(storage, &id(0x500)),
        Some(permission(0x500, "posts:write", 1))
    );
    let wanted = [
        "users:read",
        "no:such",
        "posts:write",
        "users:read",
        "posts:writ_",
    ];
    store_new(storage, role(0x600, "editor", &wanted, 1));
    let kept = ["posts:write", "users:read"];
    assert_eq!(
        Role::one(storage, &id(0x600)),
        Some(role(0x600, "editor", &kept, 1))
    );
    let listed: Vec<_> = Role::all(storage)
        .into_iter()
        .map(|role| role.name)
        .collect();
    let by_name = [
        "admin",
        "editor",
        "moderator",
        "premium",
        "superadmin",
        "user",
        "verified",
    ];
    assert_eq!(listed, by_name);

    create(storage, with_role(1, "editor"));
    start(storage, session(10, 1), "first");
    let permissions = || {
        let found = member(storage, 1).unwrap().permissions;
        assert_eq!(find(storage, 10).permissions, found);
        found
    };
    assert_eq!(permissions(), kept);
    let changed = Role {
        description: "another".to_owned(),
        ..role(0x600, "editor", &["keys:read", "posts:write"], 2)
    };
    store_over(storage, changed.clone(), 1);
    assert_eq!(Role::one(storage, &id(0x600)), Some(changed));
    assert_eq!(permissions(), ["keys:read", "posts:write"]);
    store_over(storage, role(0x600, "editor", &[], 3), 2);
    assert_eq!(permissions(), [""; 0]);
    // What was left out does not come by itself.
    store_over(storage, role(0x600, "editor", &["late:one"], 4), 3);
    store_new(storage, permission(0x501, "late:one", 1));
    assert_eq!(permissions(), [""; 0]);
    store_over(storage, role(0x600, "editor", &["late:one"], 5), 4);
    assert_eq!(permissions(), ["late:one"]);
}

/// The name of a role can change; who has it, has it by the new name, and the old one is free.
pub fn a_renamed_role_stays_with_those_who_have_it(storage: &impl Storage) {
    store_new(storage, role(0x600, "editor", &["users:read"], 1));
    create(storage, with_role(1, "editor"));
    start(storage, session(10, 1), "first");
    store_over(storage, role(0x600, "author", &["users:read"], 2), 1);
    assert_eq!(roles(storage, 1), ["author"]);
    assert_eq!(find(storage, 10).roles, ["author"]);
    assert_eq!(member(storage, 1).unwrap().permissions, ["users:read"]);
    store_new(storage, role(0x601, "editor", &["keys:read"], 1));
    assert_eq!(roles(storage, 1), ["author"]);
    let by = |role: &str| UserQuery {
        role: Some(role.to_owned()),
        ..everybody()
    };
    assert_eq!(listed(storage, &by("author")), [1]);
    assert_eq!(listed(storage, &by("editor")), [0u64; 0]);
}

/// The name of a permission can change; what holds it, holds it by the new name, and the old one is free.
pub fn a_renamed_permission_stays_with_its_roles(storage: &impl Storage) {
    store_new(storage, permission(0x500, "posts:write", 1));
    store_new(storage, role(0x600, "editor", &["posts:write"], 1));
    create(storage, with_role(1, "editor"));
    store_over(storage, permission(0x500, "pages:write", 2), 1);
    store_new(storage, permission(0x501, "posts:write", 1));
    assert_eq!(
        Role::one(storage, &id(0x600)).unwrap().permissions,
        ["pages:write"]
    );
    assert_eq!(member(storage, 1).unwrap().permissions, ["pages:write"]);
    let changed = permission(0x500, "pages:write", 2);
    assert_eq!(Permission::one(storage, &id(0x500)), Some(changed));
}

/// Whoever has seen an older one, or none, or one that is gone, changes nothing.
fn is_changed_only_by_who_has_seen_it<T: Named>(storage: &impl Storage) {
    let one = |name, seconds| T::new(0x600, name, seconds);
    let conflict = |one: T, expected: Option<u64>| {
        let before = T::all(storage);
        assert_eq!(one.store(storage, expected.map(at)), StoreOutcome::Conflict);
        assert_eq!(T::all(storage), before);
    };
    conflict(one("first", 2), Some(1));
    store_new(storage, one("first", 1));
    // There already.
    conflict(one("first", 2), None);
    conflict(one("second", 2), None);
    store_over(storage, one("second", 2), 1);
    assert_eq!(T::one(storage, &id(0x600)), Some(one("second", 2)));
    conflict(one("third", 3), Some(1));
    conflict(one("third", 4), Some(3));
    assert!(T::delete(storage, id(0x600)));
    conflict(one("third", 3), Some(2));
    store_new(storage, one("third", 3));
}

/// See `is_changed_only_by_who_has_seen_it`.
pub fn a_role_is_changed_only_by_who_has_seen_it(storage: &impl Storage) {
    is_changed_only_by_who_has_seen_it::<Role>(storage);
}

/// See `is_changed_only_by_who_has_seen_it`.
pub fn a_permission_is_changed_only_by_who_has_seen_it(storage: &impl Storage) {
    is_changed_only_by_who_has_seen_it::<Permission>(storage);
}

/// A name that another one has is refused, byte by byte, for new ones and for changes.
fn a_taken_name_stores_nothing<T: Named>(storage: &impl Storage) {
    store_new(storage, T::new(0x600, "first", 1));
    store_new(storage, T::new(0x601, "second", 1));
    store_new(storage, T::new(0x602, "First", 1));
    let before = T::all(storage);
    let outcome = T::new(0x603, "first", 2).store(storage, None);
    assert_eq!(outcome, StoreOutcome::NameTaken);
    let outcome = T::new(0x601, "first", 2).store(storage, Some(at(1)));
    assert_eq!(outcome, StoreOutcome::NameTaken);
    assert_eq!(T::all(storage), before);
    // Its own is not another's.
    store_over(storage, T::new(0x601, "second", 2), 1);
    assert!(T::delete(storage, id(0x600)));
    store_over(storage, T::new(0x601, "first", 3), 2);
}

/// See `a_taken_name_stores_nothing`; built-in names are names, too.
pub fn a_taken_role_name_stores_nothing(storage: &impl Storage) {
    a_taken_name_stores_nothing::<Role>(storage);
    let outcome = Role::new(0x610, "superadmin", 1).store(storage, None);
    assert_eq!(outcome, StoreOutcome::NameTaken);
}

/// See `a_taken_name_stores_nothing`; built-in names are names, too.
pub fn a_taken_permission_name_stores_nothing(storage: &impl Storage) {
    a_taken_name_stores_nothing::<Permission>(storage);
    let outcome = Permission::new(0x610, "*", 1).store(storage, None);
    assert_eq!(outcome, StoreOutcome::NameTaken);
}

/// What a built-in role holds can change; its name can't, nor whether a role is built in.
pub fn a_built_in_role_keeps_its_name(storage: &impl Storage) {
    let before = Role::one(storage, &id(3)).unwrap();
    let renamed = Role {
        built_in: false,
        ..role(3, "helper", &["users:read", "audit:read"], 1)
    };
    let outcome = renamed.clone().store(storage, Some(before.updated_at));
    assert_eq!(outcome, StoreOutcome::Stored);
    let expected = Role {
        name: "moderator".to_owned(),
        built_in: true,
        permissions: names(&["audit:read", "users:read"]),
        ..renamed
    };
    assert_eq!(Role::one(storage, &id(3)), Some(expected));
    // The name that it did not get is free.
    store_new(storage, role(0x600, "helper", &[], 1));
    let built_in = Role {
        built_in: true,
        ..role(0x600, "helper", &[], 2)
    };
    store_over(storage, built_in, 1);
    assert_eq!(
        Role::one(storage, &id(0x600)),
        Some(role(0x600, "helper", &[], 2))
    );
}

/// What a built-in permission is for can be told in other words; its name stays, and that it is built in.
pub fn a_built_in_permission_keeps_its_name(storage: &impl Storage) {
    let before = Permission::one(storage, &id(0x102)).unwrap();
    let renamed = permission(0x102, "helpers:read", 1);
    let outcome = renamed.clone().store(storage, Some(before.updated_at));
    assert_eq!(outcome, StoreOutcome::Stored);
    let expected = Permission {
        name: "users:read".to_owned(),
        built_in: true,
        ..renamed
    };
    assert_eq!(Permission::one(storage, &id(0x102)), Some(expected));
    store_new(storage, permission(0x500, "helpers:read", 1));
    let built_in = Permission {
        built_in: true,
        ..permission(0x500, "helpers:read", 2)
    };
    store_over(storage, built_in, 1);
    let stored = Permission::one(storage, &id(0x500));
    assert_eq!(stored, Some(permission(0x500, "helpers:read", 2)));
    create(storage, with_role(1, "moderator"));
    assert_eq!(member(storage, 1).unwrap().permissions, ["users:read"]);
}

/// Of concurrent new ones of one identifier or one name, of changes of one, and of deletions exactly one happens.
fn one_of_many_concurrent_ones_wins<T: Named + Send>(storage: &(impl Storage + Sync)) {
    let there = T::all(storage).len();
    let race = |one: &(dyn Fn(u64) -> T + Sync), expected, lost| {
        let outcomes = concurrently(|caller| one(caller as u64).store(storage, expected));
        assert_eq!(times(&outcomes, StoreOutcome::Stored), 1, "{outcomes:?}");
        assert_eq!(times(&outcomes, lost), CALLERS - 1, "{outcomes:?}");
        let won = |outcome: &StoreOutcome| *outcome == StoreOutcome::Stored;
        let winner = one(outcomes.iter().position(won).unwrap() as u64);
        assert_eq!(T::one(storage, winner.id()), Some(winner));
    };
    let named = |caller: u64| format!("by {caller}");
    race(
        &|caller| T::new(0x600, &named(caller), 1),
        None,
        StoreOutcome::Conflict,
    );
    race(
        &|caller| T::new(0x600, &named(caller), 2),
        Some(at(1)),
        StoreOutcome::Conflict,
    );
    race(
        &|caller| T::new(0x700 + caller, "one", 1),
        None,
        StoreOutcome::NameTaken,
    );
    assert_eq!(T::all(storage).len(), there + 2);
    let deleted = concurrently(|_| T::delete(storage, id(0x600)));
    assert_eq!(times(&deleted, true), 1);
    assert_eq!(T::all(storage).len(), there + 1);
}

/// See `one_of_many_concurrent_ones_wins`.
pub fn one_of_many_concurrent_roles_wins(storage: &(impl Storage + Sync)) {
    one_of_many_concurrent_ones_wins::<Role>(storage);
}

/// See `one_of_many_concurrent_ones_wins`.
pub fn one_of_many_concurrent_permissions_wins(storage: &(impl Storage + Sync)) {
    one_of_many_concurrent_ones_wins::<Permission>(storage);
}

/// Who had a role that is gone has it no longer, also when another of its name or identifier comes.
pub fn a_deleted_role_is_taken_from_everybody(storage: &impl Storage) {
    store_new(storage, role(0x600, "editor", &["users:read"], 1));
    let mut new = new_user(1, None, None);
    new.roles = names(&["editor", "user"]);
    create(storage, new);
    create(storage, with_role(2, "editor"));
    start(storage, session(10, 1), "first");
    let built_in = Role::all(storage).into_iter().filter(|role| role.built_in);
    for role in built_in {
        assert!(!Role::delete(storage, role.id.clone()));
        assert_eq!(Role::one(storage, &role.id), Some(role));
    }
    assert!(!Role::delete(storage, id(0x601)));
    assert!(Role::delete(storage, id(0x600)));
    assert!(!Role::delete(storage, id(0x600)));
    assert_eq!(Role::one(storage, &id(0x600)), None);
    let nobody_has_it = || {
        assert_eq!(roles(storage, 1), ["user"]);
        assert_eq!(roles(storage, 2), [""; 0]);
        assert_eq!(member(storage, 1).unwrap().permissions, [""; 0]);
        let active = find(storage, 10);
        assert_eq!(
            (active.roles, active.permissions),
            (names(&["user"]), vec![])
        );
        let query = UserQuery {
            role: Some("editor".to_owned()),
            ..everybody()
        };
        assert_eq!(listed(storage, &query), [0u64; 0]);
    };
    nobody_has_it();
    store_new(storage, role(0x600, "editor", &["users:read"], 2));
    nobody_has_it();
    let mut first = with_role(3, "editor");
    first.unless_held = Some("editor".to_owned());
    create(storage, first);
}

/// What held a permission that is gone holds it no longer, also when another of its name or identifier comes.
pub fn a_deleted_permission_is_taken_from_every_role(storage: &impl Storage) {
    store_new(storage, permission(0x500, "posts:write", 1));
    store_new(
        storage,
        role(0x600, "editor", &["posts:write", "users:read"], 1),
    );
    create(storage, with_role(1, "editor"));
    let built_in = Permission::all(storage)
        .into_iter()
        .filter(|one| one.built_in);
    for permission in built_in {
        assert!(!Permission::delete(storage, permission.id.clone()));
        assert_eq!(Permission::one(storage, &permission.id), Some(permission));
    }
    assert!(!Permission::delete(storage, id(0x501)));
    assert!(Permission::delete(storage, id(0x500)));
    assert!(!Permission::delete(storage, id(0x500)));
    assert_eq!(Permission::one(storage, &id(0x500)), None);
    let nothing_holds_it = || {
        assert_eq!(
            Role::one(storage, &id(0x600)).unwrap().permissions,
            ["users:read"]
        );
        assert_eq!(member(storage, 1).unwrap().permissions, ["users:read"]);
    };
    nothing_holds_it();
    store_new(storage, permission(0x500, "posts:write", 2));
    nothing_holds_it();
    assert_eq!(Role::one(storage, &id(2)).unwrap().permissions.len(), 8);
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

/// Every field comes back; a second event of one identifier changes nothing, whatever it says.
pub fn an_event_is_stored_and_counted_once(storage: &impl Storage) {
    assert_eq!(audited(storage, &all_events()), []);
    assert_eq!(counts(storage), []);
    let whole = AuditEvent {
        reason: Some("wrong_password".to_owned()),
        actor_id: Some(id(1)),
        target_type: Some("user".to_owned()),
        target_id: Some("no UUID, zo\u{eb}".to_owned()),
        session_id: Some(id(10)),
        ip: Some("2001:db8::1".to_owned()),
        user_agent: Some("test, with a comma".to_owned()),
        request_id: Some("request".to_owned()),
        details: r#"{"a": ["zo\u00eb", "a,b"]}"#.to_owned(),
        ..event(100, "login.failed", 5)
    };
    assert!(append(storage, whole.clone()));
    assert!(!append(storage, whole.clone()));
    let other = AuditEvent {
        reason: Some("disabled".to_owned()),
        ..event(100, "login.other", 6)
    };
    assert!(!append(storage, other));
    assert_eq!(audited(storage, &all_events()), [whole]);
    assert_eq!(
        counts(storage),
        [counted("login.failed", "wrong_password", 1)]
    );

    assert!(append(storage, event(101, "login.failed", 5)));
    assert!(append(storage, event(102, "logout", 5)));
    assert!(append(storage, event(103, "logout", 5)));
    let expected = [
        counted("login.failed", "", 1),
        counted("login.failed", "wrong_password", 1),
        counted("logout", "", 2),
    ];
    assert_eq!(counts(storage), expected);
}

/// Concurrent events are all counted, and of those with one identifier one.
pub fn no_concurrent_event_is_lost_or_counted_twice(storage: &(impl Storage + Sync)) {
    let appended = concurrently(|caller| {
        let own = append(storage, event(100 + caller as u64, "login.succeeded", 5));
        (own, append(storage, event(99, "login.succeeded", 5)))
    });
    assert!(appended.iter().all(|(own, _)| *own));
    assert_eq!(appended.iter().filter(|(_, common)| *common).count(), 1);
    let expected = [counted("login.succeeded", "", CALLERS as u64 + 1)];
    assert_eq!(counts(storage), expected);
    assert_eq!(audited(storage, &all_events()).len(), CALLERS + 1);
}

/// By time, then by identifier, both downwards; a page begins after a place, also if nothing is there any more.
pub fn events_are_listed_newest_first(storage: &impl Storage) {
    for (number, seconds) in [(3, 5), (1, 5), (9, 1), (2, 5), (4, 7), (8, 1)] {
        assert!(append(storage, event(number, "logout", seconds)));
    }
    assert_eq!(audited_numbers(storage, &all_events()), [4, 3, 2, 1, 9, 8]);
    let after = |seconds, number, limit| AuditQuery {
        after: Some(AuditPlace {
            at: at(seconds),
            id: id(number),
        }),
        limit,
        ..all_events()
    };
    assert_eq!(audited_numbers(storage, &after(5, 2, 500)), [1, 9, 8]);
    assert_eq!(audited_numbers(storage, &after(6, 0, 500)), [3, 2, 1, 9, 8]);
    assert_eq!(audited_numbers(storage, &after(1, 8, 500)), [0u64; 0]);
    // Newer ones do not disturb a walk.
    let page = || block_on(storage.list_audit(after(5, 2, 2))).unwrap();
    let before = page();
    assert!(append(storage, event(5, "logout", 9)));
    assert_eq!(page(), before);
    assert_eq!(before.len(), 2);
}

/// Each filter by itself, at its borders, and all of them together.
pub fn events_are_listed_by_each_filter(storage: &impl Storage) {
    for (number, kind, actor, target, seconds) in [
        (1, "login.succeeded", Some(1), Some("a"), 1),
        (2, "login.failed", None, Some("b"), 2),
        (3, "login", Some(2), None, 3),
        (4, "Login.failed", Some(1), Some("A"), 4),
        (5, "logins.failed", None, Some("a"), 5),
        (6, "token_a.b", Some(2), Some("b"), 6),
        (7, "token.a.b", Some(1), Some("a"), 7),
        (8, "tokenXa.b", None, None, 8),
        (9, "login.succeeded", Some(2), Some("a"), 9),
    ] {
        let event = AuditEvent {
            actor_id: actor.map(id),
            target_id: target.map(str::to_owned),
            ..event(number, kind, seconds)
        };
        assert!(append(storage, event));
    }
    let with = |set: fn(&mut AuditQuery)| {
        let mut query = all_events();
        set(&mut query);
        audited_numbers(storage, &query)
    };
    fn range(begin: Option<u64>, end: Option<u64>) -> TimeRange {
        TimeRange {
            begin: begin.map(at),
            end: end.map(at),
        }
    }
    let none = [0u64; 0];
    for (kind, expected) in [
        ("login.", vec![9, 2, 1]),
        ("login", vec![3]),
        ("login.failed", vec![2]),
        ("login.fail", vec![]),
        ("login.failed.", vec![]),
        ("Login.", vec![4]),
        ("token_a.", vec![6]),
        ("token.", vec![7]),
        ("token.a.", vec![7]),
        ("login%.", vec![]),
        ("%.", vec![]),
        ("*.", vec![]),
        (".", vec![]),
    ] {
        let query = AuditQuery {
            kind: Some(kind.to_owned()),
            ..all_events()
        };
        assert_eq!(audited_numbers(storage, &query), expected, "{kind}");
    }
    assert_eq!(with(|query| query.actor_id = Some(id(1))), [7, 4, 1]);
    assert_eq!(with(|query| query.actor_id = Some(id(3))), none);
    assert_eq!(
        with(|query| query.target_id = Some("a".into())),
        [9, 7, 5, 1]
    );
    assert_eq!(with(|query| query.target_id = Some("c".into())), none);
    assert_eq!(with(|query| query.at = range(Some(7), None)), [9, 8, 7]);
    assert_eq!(with(|query| query.at = range(None, Some(3))), [2, 1]);
    assert_eq!(with(|query| query.at = range(Some(3), Some(5))), [4, 3]);
    assert_eq!(with(|query| query.at = range(Some(5), Some(5))), none);
    let together = |query: &mut AuditQuery| {
        query.kind = Some("login.".into());
        query.actor_id = Some(id(2));
        query.target_id = Some("a".into());
        query.at = range(Some(1), Some(10));
    };
    assert_eq!(with(together), [9]);
    let but_one = |query: &mut AuditQuery| {
        query.kind = Some("login.".into());
        query.target_id = Some("a".into());
        query.at = range(None, Some(9));
    };
    assert_eq!(with(but_one), [1]);
}

/// An event stays when the user and the session that it names are deleted, and may name what never was.
pub fn an_event_outlives_what_it_names(storage: &impl Storage) {
    signed_in(storage);
    let named = AuditEvent {
        actor_id: Some(id(1)),
        target_type: Some("user".to_owned()),
        target_id: Some(id(1)),
        session_id: Some(id(10)),
        ..event(100, "account.deleted", 5)
    };
    let unknown = AuditEvent {
        actor_id: Some(id(9)),
        session_id: Some(id(99)),
        ..event(101, "user.deleted", 6)
    };
    assert!(append(storage, named.clone()));
    assert!(append(storage, unknown.clone()));
    assert_eq!(delete(storage, 1), DeleteUserOutcome::Deleted(vec![id(10)]));
    assert_eq!(audited(storage, &all_events()), [unknown, named]);
    let expected = [
        counted("account.deleted", "", 1),
        counted("user.deleted", "", 1),
    ];
    assert_eq!(counts(storage), expected);
}

fn key(kid: &str, algorithm: &str, seconds: u64) -> SigningKey {
    SigningKey {
        kid: kid.to_owned(),
        algorithm: algorithm.to_owned(),
        public_jwk: format!(r#"{{"kid":"{kid}"}}"#),
        sealed: format!("sealed {kid}"),
        created_at: at(seconds),
        retired_at: None,
        expires_at: None,
    }
}

/// One key of an algorithm signs; it is replaced only by who has seen it.
pub fn one_key_signs(storage: &impl Storage) {
    let add = |key: SigningKey, replaces: Option<&str>| {
        block_on(storage.add_signing_key(key, replaces.map(str::to_owned), at(1000))).unwrap()
    };
    assert!(block_on(storage.list_signing_keys()).unwrap().is_empty());
    assert!(!add(key("a", "EdDSA", 1), Some("unseen")));
    assert!(add(key("a", "EdDSA", 1), None));
    assert!(!add(key("b", "EdDSA", 2), None));
    assert!(add(key("c", "ES256", 3), None));
    assert!(!add(key("d", "EdDSA", 4), Some("c")));
    assert!(add(key("e", "EdDSA", 5), Some("a")));
    assert!(!add(key("f", "EdDSA", 6), Some("a")));
    let retired = SigningKey {
        retired_at: Some(at(5)),
        expires_at: Some(at(1000)),
        ..key("a", "EdDSA", 1)
    };
    let keys = block_on(storage.list_signing_keys()).unwrap();
    assert!(keys == [retired, key("c", "ES256", 3), key("e", "EdDSA", 5)]);
}

/// Of concurrent first keys, and of concurrent replacements, exactly one is stored.
pub fn one_of_many_concurrent_keys_wins(storage: &(impl Storage + Sync)) {
    let add = |round: u64, replaces: Option<String>| {
        let added = concurrently(|caller| {
            let key = key(&format!("{round}-{caller}"), "EdDSA", round);
            block_on(storage.add_signing_key(key, replaces.clone(), at(1000))).unwrap()
        });
        assert_eq!(added.iter().filter(|added| **added).count(), 1);
        let keys = block_on(storage.list_signing_keys()).unwrap();
        let mut signing = keys.into_iter().filter(|key| key.retired_at.is_none());
        let current = signing.next().unwrap().kid;
        assert!(signing.next().is_none());
        current
    };
    let first = add(1, None);
    let second = add(2, Some(first));
    assert!(second.starts_with("2-"));
    assert_eq!(block_on(storage.list_signing_keys()).unwrap().len(), 2);
}

fn limits(most: u64) -> Vec<Limit> {
    let limit = |key: &str, most| Limit {
        key: key.to_owned(),
        window: Duration::from_secs(60),
        most,
    };
    vec![limit("a", most), limit("b", 1_000_000)]
}

/// No event is lost, no two callers see one count, and a new window starts at one.
pub fn counting_loses_nothing(storage: &(impl Storage + Sync)) {
    let mut seen: Vec<_> = concurrently(|_| {
        let counts = (0..5).map(|_| block_on(storage.count(limits(1000), at(0))).unwrap()[0]);
        counts.collect::<Vec<_>>()
    })
    .concat();
    seen.sort_by_key(|state| state.count);
    let counts: Vec<_> = seen.iter().map(|state| state.count).collect();
    assert_eq!(counts, (1..=5 * CALLERS as u64).collect::<Vec<_>>());
    assert!(seen.iter().all(|state| state.resets_at == at(60)));
    let count = |seconds| block_on(storage.count(limits(1000), at(seconds))).unwrap()[1];
    assert_eq!(
        (count(59).count, count(59).resets_at),
        (5 * CALLERS as u64 + 1, at(60))
    );
    assert_eq!((count(60).count, count(61).resets_at), (1, at(120)));
    assert!(block_on(storage.count(vec![], at(0))).unwrap().is_empty());
}

/// An event that exceeds one limit is counted there, and on none of the limits after it.
pub fn an_exceeded_limit_spares_those_after_it(storage: &impl Storage) {
    let count = |seconds| -> Vec<u64> {
        let states = block_on(storage.count(limits(2), at(seconds))).unwrap();
        states.iter().map(|state| state.count).collect()
    };
    assert_eq!((count(0), count(1)), (vec![1, 1], vec![2, 2]));
    assert_eq!((count(2), count(3)), (vec![3], vec![4]));
    let wide = || block_on(storage.count(limits(2).split_off(1), at(4))).unwrap()[0].count;
    assert_eq!(wide(), 3);
    // A new window of the narrow limit.
    assert_eq!(count(60), [1, 1]);
}

/// Whatever begins with one of the prefixes starts at one again, and nothing else; no character stands for others.
pub fn limits_are_cleared_by_prefix(storage: &impl Storage) {
    let keys = [
        "a",
        "a:1",
        "a:2",
        "A:1",
        "a%:1",
        "a_:1",
        "ax:1",
        "b:1",
        "b*:1",
        "[b]",
        "zo\u{eb}",
        "zoe",
        "z\u{10ffff}",
        "z\u{10ffff}x",
        "{",
    ];
    let clear = |prefixes: &[&str], cleared: &[&str]| {
        for key in keys {
            let limit = Limit {
                key: key.to_owned(),
                window: Duration::from_secs(60),
                most: 1000,
            };
            // As many as it takes to tell a limit that starts again.
            block_on(storage.count(vec![limit.clone()], at(0))).unwrap();
            block_on(storage.count(vec![limit], at(0))).unwrap();
        }
        assert_eq!(block_on(storage.clear_limits(names(prefixes))), Ok(()));
        for key in keys {
            let limit = Limit {
                key: key.to_owned(),
                window: Duration::from_secs(60),
                most: 1000,
            };
            let count = block_on(storage.count(vec![limit], at(1))).unwrap()[0].count;
            assert_eq!(count == 1, cleared.contains(&key), "{prefixes:?}: {key}");
        }
    };
    clear(&[], &[]);
    clear(&["c", "a:11", "%", "_", "*", "?", "%:1", "x"], &[]);
    clear(&["a:"], &["a:1", "a:2"]);
    clear(&["a_", "A"], &["a_:1", "A:1"]);
    clear(&["a%"], &["a%:1"]);
    clear(&["b*", "[b"], &["b*:1", "[b]"]);
    clear(&["zo\u{eb}"], &["zo\u{eb}"]);
    clear(&["z\u{10ffff}"], &["z\u{10ffff}", "z\u{10ffff}x"]);
    clear(&["b:1", "a:2", "b", "1"], &["a:2", "b:1", "b*:1"]);
}

/// What ended before the given time goes; what lasts stays.
pub fn purging_takes_what_has_ended(storage: &impl Storage) {
    signed_in(storage);
    start(
        storage,
        Session {
            expires_at: at(100),
            ..session(11, 1)
        },
        "short",
    );
    start(storage, session(12, 1), "revoked");
    store_secret(storage, one_time_secret("a", 1), false);
    assert!(block_on(storage.revoke_session(id(12), at(200), "logout".into())).unwrap());
    block_on(storage.count(limits(1000).split_off(1), at(0))).unwrap();
    assert_eq!(block_on(storage.purge(at(59), at(60), None)).unwrap(), 0);
    // The counter, the one-time secret, the short session and its token.
    assert_eq!(block_on(storage.purge(at(60), at(150), None)).unwrap(), 4);
    assert_eq!(block_on(storage.purge(at(300), at(300), None)).unwrap(), 1);
    assert_eq!(block_on(storage.find_session(id(11))), Ok(None));
    assert_eq!(
        block_on(storage.find_refresh_token_session("revoked".into())),
        Ok(None)
    );
    assert_eq!(find(storage, 10).session.revoked_at, None);
    assert!(matches!(
        rotate(storage, "first", "second", 301),
        RotationOutcome::Rotated(_)
    ));
    assert_eq!(block_on(storage.check()), Ok(()));
}

/// Events that happened before a time go when one is given; how often they happened stays.
pub fn purged_events_stay_counted(storage: &impl Storage) {
    for (number, seconds) in [(1, 1), (2, 2), (3, 3), (4, 3)] {
        assert!(append(storage, event(number, "logout", seconds)));
    }
    let purge =
        |before: Option<u64>| block_on(storage.purge(at(100), at(100), before.map(at))).unwrap();
    let everything = [counted("logout", "", 4)];
    assert_eq!(purge(None), 0);
    assert_eq!(purge(Some(1)), 0);
    assert_eq!(audited_numbers(storage, &all_events()), [4, 3, 2, 1]);
    assert_eq!(purge(Some(3)), 2);
    assert_eq!(audited_numbers(storage, &all_events()), [4, 3]);
    assert_eq!(counts(storage), everything);
    assert_eq!(purge(Some(4)), 2);
    assert_eq!(audited(storage, &all_events()), []);
    assert_eq!(counts(storage), everything);
    assert!(append(storage, event(5, "logout", 5)));
    assert_eq!(counts(storage), [counted("logout", "", 5)]);
}

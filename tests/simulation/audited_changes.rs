//! The event of a change is stored together with the change.

use std::time::Duration;

use auth_core::storage::{AuditQuery, LoginName, Storage, Users as _};
use auth_core::{
    Actor, Auth, Client, Error, Evidence, NewAccount, Platform as _, RoleUpdate, Timestamp,
    UserUpdate,
};
use futures::executor::block_on;
use gatewright_tests::host::PASSWORD;
use gatewright_tests::{MemoryStorage, Refusing, SimulatedPlatform, config, simulation, totp};

use super::{administrator, auth, client, login, register};

type Service<S> = Auth<SimulatedPlatform<S>>;

/// Returns the kinds of all stored events, the oldest first.
fn stored<S: Storage>(auth: &Service<S>) -> Vec<String> {
    let query = AuditQuery {
        kind: None,
        actor_id: None,
        target_id: None,
        at: auth_core::storage::TimeRange::default(),
        after: None,
        limit: 500,
    };
    let page = block_on(auth.platform().storage().list_audit(query)).unwrap();
    page.events.into_iter().rev().map(|one| one.kind).collect()
}

/// Returns how many events were logged.
fn logged<S: Storage>(auth: &Service<S>) -> usize {
    let lines = auth.platform().log_lines();
    let events = lines.iter().filter(|line| line.starts_with("Info audit "));
    events.count()
}

/// Checks that a request stores and logs exactly these events, although the host ends before the deferred work.
#[track_caller]
fn tells<S: Storage, T>(
    auth: &Service<S>,
    request: impl Future<Output = Result<T, Error>>,
    kinds: &[&str],
) -> T {
    // Events of the same millisecond would be sorted by identifier.
    auth.platform().advance(Duration::from_secs(1));
    let (before, log) = (stored(auth).len(), logged(auth));
    let answer = block_on(request);
    let answer = answer.map_err(|error| error.to_string()).unwrap();
    drop(auth.platform().take_deferred());
    let mut told = stored(auth).split_off(before);
    told.sort();
    assert_eq!(told, kinds);
    assert_eq!(logged(auth), log + kinds.len());
    answer
}

#[test]
fn an_administrators_change_is_stored_with_its_event() {
    let auth = auth(1, &[]);
    let actor = Actor::operator(client());
    let users = || auth.users();
    let roles = || auth.roles();
    let permissions = || auth.permissions();
    let new = NewAccount {
        email: Some("ada@example.com"),
        password: Some(PASSWORD),
        ..NewAccount::default()
    };
    let ada = tells(&auth, users().create(&actor, new), &["user.created"]);
    let ada = ada.account.user.id;
    let update = UserUpdate {
        display_name: Some("Ada"),
        ..UserUpdate::default()
    };
    tells(
        &auth,
        users().update(&actor, &ada, update),
        &["user.updated"],
    );
    let added = users().set_role(&actor, &ada, "moderator", true);
    tells(&auth, added, &["user.role_added"]);
    let removed = users().set_role(&actor, &ada, "moderator", false);
    tells(&auth, removed, &["user.role_removed"]);
    tells(&auth, users().disable(&actor, &ada), &["user.disabled"]);
    tells(&auth, users().enable(&actor, &ada), &["user.enabled"]);
    tells(&auth, users().unlock(&actor, &ada), &["user.unlocked"]);
    let ended = users().end_sessions(&actor, &ada, None);
    tells(&auth, ended, &["user.sessions_revoked"]);
    let forced = users().force_password_reset(&actor, &ada);
    tells(&auth, forced, &["user.password_reset_forced"]);

    let created = permissions().create(&actor, "posts:write", "");
    tells(&auth, created, &["permission.created"]);
    let updated = permissions().update(&actor, "posts:write", Some("posts:edit"), None);
    tells(&auth, updated, &["permission.updated"]);
    let created = roles().create(&actor, "editor", "", None, &[]);
    tells(&auth, created, &["role.created"]);
    let update = RoleUpdate {
        description: Some("Edits"),
        ..RoleUpdate::default()
    };
    let updated = roles().update(&actor, "editor", update);
    tells(&auth, updated, &["role.updated"]);
    let given = roles().set_permission(&actor, "editor", "posts:edit", true);
    tells(&auth, given, &["role.updated"]);
    tells(&auth, roles().delete(&actor, "editor"), &["role.deleted"]);
    let deleted = permissions().delete(&actor, "posts:edit");
    tells(&auth, deleted, &["permission.deleted"]);
    let rotated = auth.signing_keys().rotate(&actor, false);
    tells(&auth, rotated, &["key.rotated"]);
    tells(&auth, users().delete(&actor, &ada), &["user.deleted"]);
}

#[test]
fn a_users_own_change_is_stored_with_its_event() {
    let auth = auth(1, &[]);
    let client = client();
    let tokens = {
        let registration = simulation::registration("ada@example.com");
        let registered = auth.accounts().register(registration, &client);
        tells(
            &auth,
            registered,
            &["account.registered", "login.succeeded"],
        )
        .tokens
    };
    let mut active = simulation::pair(tokens.unwrap()).active;
    prove_address(&auth, &active.user.id);
    let accounts = || auth.accounts();
    let mfa = || auth.mfa();
    let update = auth_core::AccountUpdate {
        display_name: Some("Ada"),
        ..auth_core::AccountUpdate::default()
    };
    let updated = accounts().update(&active, update, &client);
    tells(&auth, updated, &["account.updated"]);
    let evidence = Evidence::password(PASSWORD);
    let new = "a new and better password";
    let changed = accounts().change_password(&active, evidence, new, &client);
    let changed = tells(&auth, changed, &["password.changed", "session.renewed"]);
    active = changed.active().clone();
    let evidence = Evidence::password(new);
    let enrolment = mfa().enable_totp(&active, evidence, &client);
    let enrolment = tells(&auth, enrolment, &[]);
    let code = || {
        auth.platform().advance(Duration::from_secs(60));
        totp::code_at(&enrolment.secret, auth.platform().now().as_secs() / 30)
    };
    let first = code();
    let confirmed = mfa().confirm_totp(&active, &first, &client);
    let (_, tokens) = tells(&auth, confirmed, &["mfa.enabled", "session.renewed"]);
    active = tokens.active().clone();
    let next = code();
    let with_code = Evidence {
        code: Some(&next),
        ..evidence
    };
    let codes = mfa().regenerate_recovery_codes(&active, with_code, &client);
    let codes = tells(&auth, codes, &["mfa.recovery_codes_made"]);
    let with_code = Evidence {
        code: Some(&codes[0]),
        ..evidence
    };
    let disabled = mfa().disable_totp(&active, with_code, &client);
    let told = ["mfa.disabled", "mfa.recovery_code_used", "session.renewed"];
    let tokens = tells(&auth, disabled, &told);
    let deleted = accounts().delete(tokens.active(), evidence, &client);
    tells(&auth, deleted, &["account.deleted"]);
}

fn prove_address(auth: &Service<MemoryStorage>, user_id: &str) {
    let update = UserUpdate {
        email_verified: Some(true),
        ..UserUpdate::default()
    };
    let actor = Actor::operator(Client::default());
    assert!(block_on(auth.users().update(&actor, user_id, update)).is_ok());
}

/// Links prove an address; their use is a change like any other.
#[test]
fn a_change_by_a_link_is_stored_with_its_event() {
    let auth = auth(1, &[]);
    let client = client();
    register(&auth, "ada@example.com");
    let link_of = |kind: &str| {
        for work in auth.platform().take_deferred() {
            if work.calls_a_service() {
                block_on(auth.run(work));
            }
        }
        let mail = auth.platform().mail();
        let mail = mail.iter().rfind(|mail| mail.kind == kind).unwrap();
        let (_, token) = mail.text.split_once("token=").unwrap();
        token.split_whitespace().next().unwrap().to_owned()
    };
    let accounts = || auth.accounts();
    block_on(accounts().resend_verification("ada@example.com", &client)).unwrap();
    let link = link_of("verify_email");
    let evidence = Evidence::password(PASSWORD);
    let verified = accounts().verify_email(&link, evidence, &client);
    tells(&auth, verified, &["email.verified"]);
    let active = login(&auth, "ada@example.com", PASSWORD).unwrap().active;
    let asked = accounts().change_email(&active, "eve@example.com", evidence, &client);
    block_on(asked).unwrap();
    let link = link_of("change_email");
    let confirmed = accounts().confirm_email(&link, evidence, &client);
    auth.platform().advance(Duration::from_secs(1));
    let before = stored(&auth).len();
    assert!(block_on(confirmed).is_ok());
    let undo = link_of("email_changed");
    assert_eq!(stored(&auth)[before..], ["email.changed"]);
    tells(
        &auth,
        accounts().undo_email(&undo, &client),
        &["email.change_undone"],
    );
    block_on(accounts().forgot_password("ada@example.com", &client)).unwrap();
    let link = link_of("reset_password");
    let reset = accounts().reset_password(&link, "a new and better password", &client);
    tells(&auth, reset, &["password.reset"]);
}

#[test]
fn the_end_of_a_session_is_stored_with_its_event() {
    let auth = auth(1, &[]);
    let client = client();
    register(&auth, "ada@example.com");
    let login = || login(&auth, "ada@example.com", PASSWORD).unwrap();
    let (first, second) = (login(), login());
    let sessions = || auth.sessions();
    let out = sessions().logout(&first.access_token, &client);
    tells(&auth, out, &["logout"]);
    let out = sessions().logout_by_refresh_token(second.refresh_token.expose(), &client);
    tells(&auth, out, &["logout"]);
    let again = sessions().logout_by_refresh_token(second.refresh_token.expose(), &client);
    tells(&auth, again, &[]);
    let (this, other) = (login().active, login().active);
    let ended = sessions().end(&this, &other.session.id, &client);
    tells(&auth, ended, &["session.revoked"]);
    let others = sessions().logout_others(&this, &client);
    tells(&auth, others, &["session.revoked"]);
    let all = sessions().logout_all(&this, &client);
    tells(&auth, all, &["session.revoked"]);
}

#[test]
fn an_impersonation_is_stored_with_its_event() {
    let auth = auth(1, &[]);
    administrator(&auth, "root@example.com");
    let root = login(&auth, "root@example.com", PASSWORD).unwrap().active;
    let ada = register(&auth, "ada@example.com").active.user.id;
    let actor = Actor::of(&root, Some("users:impersonate"), client());
    let impersonated = auth.users().impersonate(&actor, &ada, Some("asked"));
    tells(&auth, impersonated, &["user.impersonated"]);
}

/// The lock of an account is stored by deferred work, together with its event.
#[test]
fn a_lock_is_stored_with_its_event() {
    let auth = auth(1, &[("LOGIN_ATTEMPTS_PER_ACCOUNT", "2")]);
    let ada = register(&auth, "ada@example.com").active.user.id;
    for network in 0..=10 {
        let client = Client {
            ip: Some(format!("192.0.2.{network}").parse().unwrap()),
            ..Client::default()
        };
        for _ in 0..3 {
            let _ = simulation::login(&auth, "ada@example.com", "a guess", &client);
        }
    }
    let locked = |auth: &Service<MemoryStorage>| -> Option<Timestamp> {
        let found = auth
            .platform()
            .storage()
            .find_account(LoginName::Id(ada.clone()));
        block_on(found).unwrap().unwrap().user.locked_until
    };
    for work in auth.platform().take_deferred() {
        block_on(auth.run(work));
        let told = stored(&auth).contains(&"user.locked".to_owned());
        assert_eq!(told, locked(&auth).is_some());
    }
    assert!(locked(&auth).is_some());
}

/// Of a refused change nothing is stored and nothing is logged.
#[test]
fn a_refused_change_is_no_event() {
    let auth = auth(1, &[]);
    administrator(&auth, "root@example.com");
    let root = login(&auth, "root@example.com", PASSWORD).unwrap().active;
    register(&auth, "ada@example.com");
    let actor = Actor::operator(client());
    let before = (stored(&auth), logged(&auth));
    let root = &root.user.id;
    let last = Some(Error::LastSuperadmin);
    assert_eq!(block_on(auth.users().disable(&actor, root)).err(), last);
    assert_eq!(block_on(auth.users().delete(&actor, root)).err(), last);
    let demoted = auth.users().set_role(&actor, root, "superadmin", false);
    assert_eq!(block_on(demoted).err(), last);
    let taken = NewAccount {
        email: Some("ada@example.com"),
        ..NewAccount::default()
    };
    let taken = block_on(auth.users().create(&actor, taken)).err();
    assert_eq!(taken, Some(Error::EmailTaken));
    let taken = auth.roles().create(&actor, "admin", "", None, &[]);
    assert_eq!(block_on(taken).err(), Some(Error::NameTaken));
    let taken = auth.permissions().create(&actor, "users:read", "");
    assert_eq!(block_on(taken).err(), Some(Error::NameTaken));
    drop(auth.platform().take_deferred());
    assert_eq!((stored(&auth), logged(&auth)), before);
}

/// If the answer of storage is lost after the write, the stored change has its event, once.
#[test]
fn a_change_whose_answer_is_lost_has_its_event_once() {
    let storage = Refusing::new(MemoryStorage::default());
    let auth = Auth::new(SimulatedPlatform::with_storage(1, storage), config(&[]));
    let ada = register(&auth, "ada@example.com").active.user.id;
    let before = stored(&auth).len();
    auth.platform().advance(Duration::from_secs(1));
    let actor = Actor::operator(client());
    auth.platform().storage().lose_answer("change_user", 1);
    let answer = block_on(auth.users().disable(&actor, &ada));
    assert!(matches!(answer.err(), Some(Error::Unavailable(_))));
    for work in auth.platform().take_deferred() {
        block_on(auth.run(work));
    }
    assert_eq!(stored(&auth)[before..], ["user.disabled"]);
    let name = LoginName::Id(ada);
    let account = block_on(auth.platform().storage().find_account(name));
    assert!(account.unwrap().unwrap().user.disabled_at.is_some());
}

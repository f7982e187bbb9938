//! Between an administrator's decision and its storage, another call changes the facts behind it: nothing is stored
//! (V8.3.2).

use std::sync::Mutex;

use auth_core::access::HIGHEST_RANK;
use auth_core::storage::*;
use auth_core::{
    Actor, Auth, Client, Error, ImportOptions, ImportUser, NewAccount, Platform as _, RoleUpdate,
    Timestamp, UserUpdate,
};
use futures::FutureExt as _;
use futures::executor::block_on;
use gatewright_tests::{MemoryStorage, SimulatedPlatform, config};

type Hook = Box<dyn FnOnce(&MemoryStorage) + Send>;

/// Storage in which another call runs first, once.
#[derive(Default)]
struct Interleaved {
    inner: MemoryStorage,
    first: Mutex<Option<Hook>>,
}

impl Interleaved {
    fn come_first(&self, function: &str) {
        let writes = [
            "create_user",
            "create_users",
            "change_user",
            "delete_user",
            "store_role",
            "delete_role",
            "store_permission",
            "delete_permission",
        ];
        if writes.contains(&function)
            && let Some(hook) = self.first.lock().unwrap().take()
        {
            hook(&self.inner);
        }
    }
}

macro_rules! forward {
    ($($noun:ident in $module:ident {
        $($name:ident($($argument:ident: $ty:ty),*) -> $answer:ty;)*
    })*) => {
        $(impl $noun for Interleaved {
            $(async fn $name(&self, $($argument: $ty),*) -> Result<$answer, StorageError> {
                self.come_first(stringify!($name));
                self.inner.$name($($argument),*).await
            })*
        })*
    };
}
auth_core::storage::storage_functions!(forward);

type Service = Auth<SimulatedPlatform<Interleaved>>;

/// Adam and Anna are administrators of the same rank, Ben is a user; nobody has the role `helper`.
struct Scene {
    auth: Service,
    adam: Actor,
    session: String,
    adam_id: String,
    anna: String,
    ben: String,
}

fn scene() -> Scene {
    let platform = SimulatedPlatform::with_storage(1, Interleaved::default());
    let auth = Auth::new(platform, config(&[]));
    let operator = Actor::operator(Client::default());
    let permission = auth.permissions().create(&operator, "posts:write", "");
    block_on(permission).unwrap();
    let held = ["posts:write".to_owned()];
    let helper = auth
        .roles()
        .create(&operator, "helper", "", Some(20), &held);
    block_on(helper).unwrap();
    let admin = auth
        .roles()
        .set_permission(&operator, "admin", "posts:write", true);
    block_on(admin).unwrap();
    let import = auth
        .roles()
        .set_permission(&operator, "admin", "users:import", true);
    block_on(import).unwrap();
    let person = |name: &str, role: &str| {
        let email = format!("{name}@example.com");
        let roles = [role.to_owned()];
        let new = NewAccount {
            email: Some(&email),
            roles: Some(&roles),
            ..NewAccount::default()
        };
        let made = block_on(auth.users().create(&operator, new)).ok().unwrap();
        made.account.user.id
    };
    let adam_id = person("adam", "admin");
    let (anna, ben) = (person("anna", "admin"), person("ben", "user"));
    let now = auth.platform().now();
    let session = Session {
        id: "018bcfe5-6800-7000-8000-000000000999".to_owned(),
        user_id: adam_id.clone(),
        client_id: None,
        actor_id: None,
        parent_id: None,
        amr: vec![],
        authenticated_at: now,
        created_at: now,
        last_seen_at: now,
        expires_at: now + std::time::Duration::from_secs(3600),
        ip: None,
        token: None,
        user_agent: None,
        revoked_at: None,
        revocation_reason: None,
    };
    let new = NewSession {
        session: session.clone(),
        refresh_token: None,
        credential: None,
        identity: None,
        ends_others: false,
        continues: None,
        replaces: Vec::new(),
        events: vec![],
    };
    block_on(auth.platform().storage().start_session(new)).unwrap();
    let found = auth.platform().storage().find_session(session.id.clone());
    let active = block_on(found).unwrap().unwrap();
    Scene {
        adam: Actor::of(&active, Some("users:read"), Client::default()),
        session: session.id,
        auth,
        adam_id,
        anna,
        ben,
    }
}

/// Returns the result of storage in memory, which never waits.
fn ready_now<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().unwrap()
}

/// Returns everything that an administrator can change.
fn everything(storage: &MemoryStorage) -> (Vec<UserDetails>, Vec<Role>, Vec<Permission>) {
    let query = UserQuery {
        limit: 100,
        ..UserQuery::default()
    };
    (
        ready_now(storage.list_users(query)).unwrap().users,
        ready_now(storage.list_roles()).unwrap(),
        ready_now(storage.list_permissions()).unwrap(),
    )
}

/// Grants or removes roles, like another administrator's call.
fn change_roles(storage: &MemoryStorage, user_id: &str, adds: &[&str], removes: &[&str]) {
    let member = ready_now(storage.find_user(user_id.to_owned()));
    let user = member.unwrap().unwrap().account.user;
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let change = UserChange {
        id: format!("by somebody else {user_id}"),
        email_key: user.email.clone(),
        username_key: user.username.clone(),
        expected_updated_at: user.updated_at,
        // The same timestamp, so that the user's time of change doesn't reveal it.
        user,
        consumes: None,
        invalidates: None,
        deletes_credentials: vec![],
        credentials: vec![],
        removes_identities: vec![],
        adds_identities: vec![],
        adds_roles: names(adds),
        removes_roles: names(removes),
        ends_sessions: None,
        search_terms: vec![],
        require_remaining_holder: None,
        grounds: None,
        events: vec![],
    };
    let changed = ready_now(storage.change_user(change));
    assert_eq!(changed, Ok(ChangeOutcome::Changed(vec![])));
}

/// Changes the role `helper`, also with the same timestamp.
fn change_helper(storage: &MemoryStorage, rank: u64, permissions: &[&str]) {
    let roles = ready_now(storage.list_roles()).unwrap();
    let helper = roles.into_iter().find(|role| role.name == "helper");
    let helper = helper.unwrap();
    let seen = helper.updated_at;
    let changed = Role {
        rank,
        permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
        ..helper
    };
    let stored = ready_now(storage.store_role(changed, Some(seen), None, vec![]));
    assert_eq!(stored, Ok(StoreOutcome::Stored));
}

type Action = fn(&Scene) -> Result<(), Error>;

/// Changes of Ben.
const OF_A_USER: &[(&str, Action)] = &[
    ("update", |scene| {
        let update = UserUpdate {
            display_name: Some("Changed"),
            ..UserUpdate::default()
        };
        block_on(scene.auth.users().update(&scene.adam, &scene.ben, update)).map(drop)
    }),
    ("disable", |scene| {
        block_on(scene.auth.users().disable(&scene.adam, &scene.ben))
    }),
    ("enable", |scene| {
        block_on(scene.auth.users().enable(&scene.adam, &scene.ben))
    }),
    ("unlock", |scene| {
        block_on(scene.auth.users().unlock(&scene.adam, &scene.ben))
    }),
    ("reset", |scene| {
        block_on(
            scene
                .auth
                .users()
                .force_password_reset(&scene.adam, &scene.ben),
        )
    }),
    ("sessions", |scene| {
        block_on(
            scene
                .auth
                .users()
                .end_sessions(&scene.adam, &scene.ben, None),
        )
    }),
    ("give a role", |scene| {
        block_on(
            scene
                .auth
                .users()
                .set_role(&scene.adam, &scene.ben, "helper", true),
        )
    }),
    ("take a role", |scene| {
        block_on(
            scene
                .auth
                .users()
                .set_role(&scene.adam, &scene.ben, "user", false),
        )
    }),
    ("delete", |scene| {
        block_on(scene.auth.users().delete(&scene.adam, &scene.ben))
    }),
];

/// Grants of the role `helper`.
const OF_A_GRANT: &[(&str, Action)] = &[
    ("give the role", |scene| {
        block_on(
            scene
                .auth
                .users()
                .set_role(&scene.adam, &scene.ben, "helper", true),
        )
    }),
    ("create with the role", |scene| {
        let roles = ["helper".to_owned()];
        let new = NewAccount {
            username: Some("new"),
            roles: Some(&roles),
            ..NewAccount::default()
        };
        block_on(scene.auth.users().create(&scene.adam, new)).map(drop)
    }),
    ("import with the role", |scene| {
        let user = ImportUser {
            username: Some("new".to_owned()),
            roles: Some(vec!["helper".to_owned()]),
            ..ImportUser::default()
        };
        block_on(
            scene
                .auth
                .users()
                .import(&scene.adam, vec![user], ImportOptions::default()),
        )
        .map(drop)
    }),
];

/// Changes of the role `helper`.
const OF_A_ROLE: &[(&str, Action)] = &[
    ("change the role", |scene| {
        let update = RoleUpdate {
            permissions: Some(&[]),
            ..RoleUpdate::default()
        };
        block_on(scene.auth.roles().update(&scene.adam, "helper", update)).map(drop)
    }),
    ("give it a permission", |scene| {
        let grant = scene
            .auth
            .roles()
            .set_permission(&scene.adam, "helper", "users:read", true);
        block_on(grant)
    }),
    ("delete the role", |scene| {
        block_on(scene.auth.roles().delete(&scene.adam, "helper"))
    }),
];

/// Returns the outcome of each action after this hook has run.
fn after(
    actions: &[&[(&str, Action)]],
    first: impl Fn(&Scene) -> Hook,
    expected: fn(&Error) -> bool,
) {
    for (what, action) in actions.iter().copied().flatten() {
        let scene = scene();
        let storage = scene.auth.platform().storage();
        let (seen, kept) = std::sync::mpsc::channel();
        let hook = first(&scene);
        let hook: Hook = Box::new(move |inner| {
            hook(inner);
            seen.send(everything(inner)).unwrap();
        });
        *storage.first.lock().unwrap() = Some(hook);
        let outcome = action(&scene);
        let error = outcome.err().unwrap_or_else(|| panic!("{what} was done"));
        assert!(expected(&error), "{what}: {error:?}");
        let kept = kept.recv().unwrap();
        assert!(kept == everything(&storage.inner), "{what} left something");
    }
}

const ALL: &[&[(&str, Action)]] = &[OF_A_USER, OF_A_GRANT, OF_A_ROLE];

#[test]
fn who_signs_out_meanwhile_changes_nothing() {
    let first = |scene: &Scene| -> Hook {
        let (session, now) = (scene.session.clone(), scene.auth.platform().now());
        Box::new(move |storage| {
            let ended = storage.revoke_session(session.clone(), now, "logout".to_owned(), vec![]);
            assert_eq!(ready_now(ended), Ok(vec![session]));
        })
    };
    let ended = |error: &Error| matches!(error, Error::AccessToken(_));
    after(ALL, first, ended);
}

#[test]
fn who_loses_the_role_meanwhile_changes_nothing() {
    let first = |scene: &Scene| -> Hook {
        let id = scene.adam_id.clone();
        Box::new(move |storage| change_roles(storage, &id, &[], &["admin"]))
    };
    let refused = |error: &Error| matches!(error, Error::PermissionNeeded("users:read"));
    after(ALL, first, refused);
}

#[test]
fn who_keeps_the_permission_and_loses_the_rank_changes_nothing() {
    let first = |scene: &Scene| -> Hook {
        let id = scene.adam_id.clone();
        Box::new(move |storage| {
            change_helper(storage, 0, &["users:read"]);
            change_roles(storage, &id, &["helper"], &["admin"]);
        })
    };
    let refused = |error: &Error| {
        matches!(
            error,
            Error::InsufficientRank | Error::GrantNotHeld | Error::Unavailable(_)
        )
    };
    after(ALL, first, refused);
}

#[test]
fn a_user_who_rises_meanwhile_is_left_alone() {
    let first = |scene: &Scene| -> Hook {
        let id = scene.ben.clone();
        Box::new(move |storage| change_roles(storage, &id, &["admin"], &[]))
    };
    after(&[OF_A_USER], first, |error| {
        *error == Error::InsufficientRank
    });
}

#[test]
fn a_role_that_rises_meanwhile_is_not_given() {
    for (rank, permissions) in [
        (HIGHEST_RANK - 1, &["posts:write"][..]),
        (20, &["posts:write", "keys:write"][..]),
    ] {
        let first = |_: &Scene| -> Hook {
            Box::new(move |storage| change_helper(storage, rank, permissions))
        };
        let refused = |error: &Error| matches!(error, Error::GrantNotHeld | Error::Unavailable(_));
        after(&[OF_A_GRANT], first, refused);
    }
}

#[test]
fn a_role_that_a_peer_gets_meanwhile_is_left_alone() {
    let first = |scene: &Scene| -> Hook {
        let id = scene.anna.clone();
        Box::new(move |storage| change_roles(storage, &id, &["helper"], &[]))
    };
    after(&[OF_A_ROLE], first, |error| {
        *error == Error::InsufficientRank
    });
}

/// Without a concurrent change, each action succeeds.
#[test]
fn on_grounds_that_hold_everything_is_done() {
    for (what, action) in ALL.iter().copied().flatten() {
        let outcome = action(&scene());
        assert!(outcome.is_ok(), "{what}: {outcome:?}");
    }
}

/// A concurrent addition doesn't invalidate the decision, which is made again.
#[test]
fn a_decision_is_made_once_more() {
    let scene = scene();
    let (adam, ben) = (scene.adam_id.clone(), scene.ben.clone());
    let hook: Hook = Box::new(move |storage| {
        change_roles(storage, &adam, &["premium"], &[]);
        change_roles(storage, &ben, &["premium"], &[]);
    });
    *scene.auth.platform().storage().first.lock().unwrap() = Some(hook);
    assert_eq!(OF_A_USER[0].1(&scene), Ok(()));
    let found = block_on(scene.auth.users().get(&scene.ben)).ok().unwrap();
    assert_eq!(found.account.user.display_name.as_deref(), Some("Changed"));
    assert_eq!(found.roles, ["premium", "user"]);
}

//! Starts and ends of sessions that overlap.

use std::time::Duration;

use auth_core::storage::*;
use futures::executor::block_on;

use super::overlap::Overlap;
use crate::contract::given::*;

fn ending_sessions(user: &User, number: u64) -> UserChange {
    UserChange {
        deletes_credentials: names(&["password"]),
        ends_sessions: Some(SessionEnding {
            except: None,
            only: None,
            only_acting: false,
            reason: "password_changed".to_owned(),
        }),
        ..change(user, number, 3)
    }
}

fn starting(session: Session, credential: Option<u64>, continues: Option<u64>) -> NewSession {
    NewSession {
        session,
        refresh_token: None,
        credential: credential.map(id),
        identity: None,
        ends_others: false,
        continues: continues.map(id),
        replaces: Vec::new(),
        events: vec![],
    }
}

/// A session that starts while all sessions of the user end does not outlive them, whichever call is first.
pub fn no_session_outlives_the_end_of_all(pair: &impl Overlap) {
    let storage = pair.storage();
    let live = |number| {
        block_on(storage.list_sessions(id(number), at(4)))
            .unwrap()
            .len()
    };
    for (way, number) in [2000, 2100, 2200, 2300].into_iter().enumerate() {
        create(storage, new_user(number, None, None));
        start(storage, session(number, number), &format!("token{number}"));
        let user = account(storage, number).user;
        let further = session(number + 1, number);
        let by_password = starting(further.clone(), Some(number + 1000), None);
        let continued = starting(further, None, Some(number));
        match way {
            0 => pair.overlap(
                |first| drop(apply(first, ending_sessions(&user, number))),
                |second| drop(block_on(second.start_session(by_password))),
            ),
            1 => pair.overlap(
                |first| drop(block_on(first.start_session(continued))),
                |second| drop(apply(second, ending_sessions(&user, number))),
            ),
            2 => pair.overlap(
                |first| drop(block_on(first.start_session(continued))),
                |second| {
                    let ended = second.revoke_sessions(
                        id(number),
                        None,
                        at(3),
                        "logout".to_owned(),
                        vec![],
                    );
                    assert_eq!(block_on(ended).unwrap(), [id(number + 1)]);
                },
            ),
            _ => pair.overlap(
                |first| drop(block_on(first.start_session(continued))),
                |second| {
                    let deleted = delete(second, number);
                    let DeleteUserOutcome::Deleted(ended) = deleted else {
                        panic!("{deleted:?}");
                    };
                    assert_eq!(ended, [id(number + 1)]);
                },
            ),
        }
        assert_eq!(live(number), 0, "way {way}");
    }
}

/// A refresh token that is presented while its session ends is not exchanged.
pub fn a_rotation_waits_for_the_end_of_its_session(pair: &impl Overlap) {
    let storage = pair.storage();
    signed_in(storage);
    let outcome = pair.overlap(
        |first| {
            let ended = first.revoke_session(id(10), at(2), "logout".to_owned(), vec![]);
            assert_eq!(block_on(ended).unwrap().len(), 1);
        },
        |second| rotate(second, "first", "second", 3),
    );
    assert_eq!(outcome, RotationOutcome::Revoked);
    // Its successor was not stored either.
    let found = block_on(storage.find_refresh_token_session("second".to_owned()));
    assert_eq!(found, Ok(None));
    let grace = Duration::ZERO;
    let again = rotate_of(storage, None, grace, "first", "third", 4);
    assert_eq!(again, RotationOutcome::Revoked);
}

/// Ends all sessions of a user except one.
fn end_all(
    storage: &impl Storage,
    number: u64,
    except: Option<u64>,
    told: AuditEvent,
) -> Vec<String> {
    let reason = "logout_all".to_owned();
    let ended = storage.revoke_sessions(id(number), except.map(id), at(3), reason, vec![told]);
    block_on(ended).unwrap()
}

/// The event of a call that ends sessions is stored exactly if the call ends one, whatever another call does meanwhile.
pub fn an_event_tells_of_sessions_that_its_call_ends(pair: &impl Overlap) {
    let storage = pair.storage();
    signed_in(storage);
    let ended = pair.overlap(
        |first| {
            let reason = "logout".to_owned();
            let ended = first.revoke_session(id(10), at(2), reason, vec![event(20, "one", 2)]);
            assert_eq!(block_on(ended).unwrap(), [id(10)]);
        },
        |second| end_all(second, 1, None, event(21, "all", 3)),
    );
    assert_eq!(ended, Vec::<String>::new());
    assert_eq!(audited_numbers(storage, &all_events()), [20]);

    // An administrator starts to act as a user, and ends all sessions but one.
    create(storage, new_user(2, None, None));
    start(storage, session(11, 2), "of the administrator");
    let mut acting = session(12, 1);
    (acting.actor_id, acting.parent_id) = (Some(id(2)), Some(id(11)));
    let ended = pair.overlap(
        |first| drop(block_on(first.start_session(starting(acting, None, None)))),
        |second| end_all(second, 2, Some(11), event(22, "all", 3)),
    );
    let told = audited_numbers(storage, &all_events());
    assert_eq!(ended.is_empty(), told == [20], "{ended:?}: {told:?}");
}

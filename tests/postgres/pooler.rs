//! A pooler that gives each transaction another connection: no statement is prepared. `cargo xtask prove postgres` runs the
//! whole kit through it; these are the checks with the most kinds of statements.

use futures::executor::block_on;
use gatewright_postgres::PoolSettings;
use gatewright_storage_postgres::{Executor as _, Statement};
use gatewright_tests::contract;
use gatewright_tests::pooler::pooled;
use gatewright_tests::postgres::{Connections, PostgresServer};

use crate::kit::empty_behind_pooler;

#[test]
fn users_are_created_changed_and_found() {
    contract::many_users_are_stored_each_on_its_own(&empty_behind_pooler());
    contract::a_change_of_a_user_is_all_or_nothing(&empty_behind_pooler());
    contract::users_are_listed_by_each_filter(&empty_behind_pooler());
}

#[test]
fn concurrent_callers_are_as_right_as_without_a_pooler() {
    contract::of_many_concurrent_holders_one_stays(&empty_behind_pooler());
    contract::one_of_many_concurrent_rotations_wins_and_the_others_get_its_successor(
        &empty_behind_pooler(),
    );
    contract::no_concurrent_event_is_lost_or_counted_twice(&empty_behind_pooler());
}

#[test]
fn everything_else_is_stored() {
    contract::a_role_is_stored_with_its_permissions(&empty_behind_pooler());
    contract::a_decision_is_carried_out_only_on_its_grounds(&empty_behind_pooler());
    contract::eight_limits_are_counted_in_one_call(&empty_behind_pooler());
    contract::purging_takes_what_has_ended(&empty_behind_pooler());
    contract::one_key_signs(&empty_behind_pooler());
}

/// Otherwise the tests above show nothing: this pooler refuses prepared statements.
#[test]
fn prepared_statements_fail_behind_the_pooler() {
    let database = PostgresServer::shared().database();
    let failures = |keeps_session| {
        let settings = PoolSettings {
            keeps_session,
            ..PoolSettings::default()
        };
        let connections = Connections::new(&pooled(&database), &settings);
        let find = || Statement::new("SELECT 1 FROM users WHERE id = $1", vec!["u".into()]);
        let found = (0..50).map(|_| connections.query(find()));
        let found = block_on(futures::future::join_all(found));
        found.iter().filter(|found| found.is_err()).count()
    };
    // Queries that take long, at once, so that the pooler opens all its connections, which it gives in turn.
    let settings = PoolSettings {
        keeps_session: false,
        ..PoolSettings::default()
    };
    let connections = Connections::new(&pooled(&database), &settings);
    let counted = "SELECT count(*) FROM generate_series(1, 2000000)";
    let counted = (0..12).map(|_| connections.query(Statement::new(counted, vec![])));
    for counted in block_on(futures::future::join_all(counted)) {
        counted.unwrap();
    }
    assert!(failures(true) > 0);
    assert_eq!(failures(false), 0);
}

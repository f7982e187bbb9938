//! The storage contract kit, with callers in several processes. With the variable `GATEWRIGHT_POOLER` they go through a
//! pooler.

use gatewright_tests::pooler::pooled;
use gatewright_tests::postgres::PostgresServer;

use crate::callers::Calls;

pub(crate) fn empty() -> Calls {
    let database = PostgresServer::shared().database();
    let url = database.url();
    Calls::new(database, url, true)
}

pub(crate) fn empty_behind_pooler() -> Calls {
    let database = PostgresServer::shared().database();
    let url = pooled(&database);
    Calls::new(database, url, false)
}

fn chosen() -> Calls {
    match std::env::var_os("GATEWRIGHT_POOLER") {
        Some(_) => empty_behind_pooler(),
        None => empty(),
    }
}

gatewright_tests::contract_tests!(chosen());

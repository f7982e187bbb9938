//! Bindings generated from `hosts/native/wit`.

#[allow(missing_docs, clippy::all, reason = "generated; documented in wit/")]
mod generated {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "gatewright:native/spin",
        imports: {
            "spin:postgres/postgres.[constructor]connection-builder": async | store | trappable,
            default: async | store,
        },
        with: {
            "spin:postgres/postgres.connection": crate::spin::postgres::pool::PostgresConnection,
            "spin:postgres/postgres.connection-builder": crate::spin::postgres::pool::PostgresBuilder,
            "spin:sqlite/sqlite.connection": crate::spin::connection::Connection,
        },
    });
}

pub(super) use generated::spin::postgres::postgres;
pub(super) use generated::spin::sqlite::sqlite;
pub(super) use generated::spin::variables::variables;

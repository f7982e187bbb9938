//! Bindings generated from `hosts/native/wit`.

#[allow(missing_docs, clippy::all, reason = "generated; documented in wit/")]
mod generated {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "gatewright:native/spin",
        imports: { default: async | store },
        with: { "spin:sqlite/sqlite.connection": crate::spin::connection::Connection },
    });
}

pub(super) use generated::spin::sqlite::sqlite;
pub(super) use generated::spin::variables::variables;

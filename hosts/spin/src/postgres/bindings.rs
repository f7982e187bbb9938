//! Bindings of `spin:postgres`, without those of the SDK: these depend on a crate for dates that imports JavaScript.

#![allow(clippy::all, reason = "generated; documented by Spin")]

mod generated {
    spin_sdk::wit_bindgen::generate!({
        path: "../native/wit/deps/spin-postgres",
        inline: "
            package gatewright:spin-postgres;
            world client { import spin:postgres/postgres@4.2.0; }
        ",
        world: "gatewright:spin-postgres/client",
        generate_all,
        runtime_path: "spin_sdk::wit_bindgen::rt",
    });
}

pub(super) use generated::spin::postgres::postgres::{
    Connection, ConnectionBuilder, DbValue, Error, ParameterValue, QueryError,
};

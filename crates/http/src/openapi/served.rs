//! Serves the OpenAPI document.

use auth_core::Platform;
use bytes::Bytes;

use crate::call::{Answer, Call};
use crate::proof::Public;
use crate::response::reply::File;
use crate::row::{get, rows};

rows![open_api = get("/openapi.json", "This document.").file("application/json")];

/// The checked-in document; a test fails when the table of routes says something else.
const OPENAPI: &str = include_str!("../../openapi.json");

async fn open_api<P: Platform>(call: &Call<'_, P>, _: Public) -> Answer<File> {
    let document = Bytes::from_static(OPENAPI.as_bytes());
    Ok(call.file(document).cached("no-cache"))
}

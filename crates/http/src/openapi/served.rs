//! The route that serves the OpenAPI document.

use auth_core::Platform;
use bytes::Bytes;

use crate::call::{Answer, Call};
use crate::proof::Public;
use crate::response::reply::File;
use crate::row::{get, rows};

rows![open_api = get("/openapi.json", "Returns this OpenAPI document.").file("application/json")];

/// The checked-in document. A test fails if it differs from the table of routes.
const OPENAPI: &str = include_str!("../../openapi.json");

/// The only route outside of `paths`. Only `paths` are relative to `servers`.
const TOKEN_URL: &str = "\"tokenUrl\": \"/auth/token\"";

async fn open_api<P: Platform>(call: &Call<'_, P>, _: Public) -> Answer<File> {
    let document = match call.config().web.base_path() {
        "" => Bytes::from_static(OPENAPI.as_bytes()),
        base => below(base).into(),
    };
    Ok(call.file(document).cached("no-cache"))
}

/// Returns the document of a service whose routes are below a path.
fn below(base: &str) -> String {
    let document = OPENAPI.replacen(
        TOKEN_URL,
        &format!("\"tokenUrl\": \"{base}/auth/token\""),
        1,
    );
    document.replacen(
        '{',
        &format!("{{\n  \"servers\": [{{\"url\": \"{base}\"}}],"),
        1,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_document_below_a_path_says_so() {
        assert_eq!(OPENAPI.matches(TOKEN_URL).count(), 1);
        let mut document: Value = serde_json::from_str(&below("/base")).unwrap();
        assert_eq!(document["servers"], json!([{"url": "/base"}]));
        let flow = &mut document["components"]["securitySchemes"]["password"]["flows"]["password"];
        assert_eq!(flow["tokenUrl"], "/base/auth/token");
        flow["tokenUrl"] = "/auth/token".into();
        document.as_object_mut().unwrap().remove("servers");
        let whole: Value = serde_json::from_str(OPENAPI).unwrap();
        assert_eq!(document, whole);
    }
}

//! Shared code of the tests about users.

use serde_json::{Value, json};

use crate::fake::Script;

/// ID of the user.
pub(super) const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// The user as the API returns it.
pub(super) fn record() -> Value {
    json!({"id": ID, "email": "ada@example.com", "username": null, "roles": ["admin", "user"],
        "email_verified": true, "disabled": false, "last_login_at": null})
}

/// One page of a list of users.
pub(super) fn page(users: &[Value], next: Option<&str>) -> Script {
    Script::json(200, json!({"users": users, "next_cursor": next}))
}

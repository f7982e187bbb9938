//! Users found by ID, e-mail address or user name.

use std::fmt;

use anyhow::{Context as _, Result, bail, ensure};
use gatewright_transfer::{canonical, email_key};
use serde_json::Value;
use uuid::Uuid;

use super::list::PAGE;
use super::requests::Api;
use crate::show::clean;

/// The user with a given ID, e-mail address or user name.
pub(crate) struct Named {
    pub(crate) id: String,
    /// The record, if it was looked up.
    pub(crate) record: Option<Value>,
    label: String,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&clean(&self.label))
    }
}

impl Api<'_> {
    /// Finds a user by ID, e-mail address or user name.
    pub(crate) fn user(&self, name: &str) -> Result<Named> {
        if is_uuid(name) {
            return Ok(Named {
                id: name.to_owned(),
                record: None,
                label: name.to_owned(),
            });
        }
        ensure!(
            !name.trim().is_empty(),
            "the user is empty; give an ID, e-mail address or user name"
        );
        let query = vec![("search", name.to_owned())];
        let mut cursor = None;
        loop {
            let page = self.page("/users", &query, cursor, PAGE)?;
            for record in page.values()? {
                let is = |field: &str, key: fn(&str) -> String| {
                    let value = record[field].as_str();
                    value.is_some_and(|value| key(value) == key(name.trim()))
                };
                if is("email", email_key) || is("username", canonical) {
                    let id = record["id"]
                        .as_str()
                        .context("the service returned a user without an ID")?;
                    return Ok(Named {
                        id: id.to_owned(),
                        label: name.trim().to_owned(),
                        record: Some(record),
                    });
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                bail!("no user has the e-mail address or user name {name:?}");
            }
        }
    }
}

/// Returns whether the text is a user ID in the form that the service writes.
fn is_uuid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fake::{Fake, Script};

    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    #[test]
    fn an_id_is_not_looked_up() {
        let fake = Fake::new([]);
        assert_eq!(Api::new(&fake).user(ID).unwrap().id, ID);
        assert!(fake.requests().is_empty());
    }

    #[test]
    fn a_name_is_found_among_those_that_begin_with_it_over_pages() {
        let fake = Fake::new([
            Script::json(
                200,
                json!({"users": [{"id": "1", "email": "ada@example.com.uk", "username": null},
                    {"id": "2", "email": null, "username": "adams"}], "next_cursor": "c&2"}),
            ),
            Script::json(
                200,
                json!({"users": [{"id": ID, "email": "Ada@example.com", "username": null}], "next_cursor": "c3"}),
            ),
        ]);
        let user = Api::new(&fake).user("ada@Example.com").unwrap();
        assert_eq!(user.id, ID);
        assert_eq!(
            fake.paths(),
            [
                "GET /users?search=ada%40Example.com&limit=200",
                "GET /users?search=ada%40Example.com&limit=200&cursor=c%262"
            ]
        );
    }

    #[test]
    fn an_address_is_found_in_every_spelling() {
        let stored = json!({"id": ID, "email": "ada@münchen.de", "username": null});
        for name in ["ada@xn--mnchen-3ya.de", "Ada@mu\u{308}nchen.de"] {
            let page = json!({"users": [stored], "next_cursor": null});
            let fake = Fake::new([Script::json(200, page)]);
            assert_eq!(Api::new(&fake).user(name).unwrap().id, ID);
        }
    }

    #[test]
    fn a_name_that_only_begins_one_is_nobody() {
        let fake = Fake::new([Script::json(
            200,
            json!({"users": [{"id": ID, "email": null, "username": "adam"}], "next_cursor": null}),
        )]);
        let error = Api::new(&fake).user("ada").err().unwrap();
        assert!(error.to_string().contains("no user has"), "{error}");
        assert!(Api::new(&fake).user(" ").is_err());
    }
}

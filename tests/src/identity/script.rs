//! The behaviour of a local provider.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::keys::{Key, Signature};

/// A change of a document.
pub type Change = Arc<dyn Fn(&mut Value) + Send + Sync>;

/// The behaviour of a provider, which follows the standards unless a field says otherwise.
#[derive(Clone)]
pub struct Script {
    /// The claims of the person.
    pub person: Value,
    /// The error that the provider returns instead of a code.
    pub refuses_with: Option<&'static str>,
    /// The published keys.
    pub keys: Vec<Key>,
    /// Whether the published keys have names.
    pub keys_are_named: bool,
    /// The signature of ID tokens.
    pub signature: Signature,
    /// The change of ID tokens' claims.
    pub id_token: Change,
    /// The change of the metadata.
    pub metadata: Change,
    /// The change of the parameters of authorization responses, as a JSON object.
    pub response: Change,
    /// The change of token responses.
    pub token: Change,
    /// The change of the userinfo endpoint's responses.
    pub userinfo: Change,
    /// Whether token responses are forms.
    pub answers_with_forms: bool,
    /// The replies of endpoints that don't do their work.
    pub replies: BTreeMap<&'static str, Reply>,
}

/// The reply of an endpoint that doesn't do its work.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A status, a media type and a body.
    Of(u16, &'static str, String),
    /// None, until the client gives up.
    Silence,
    /// None, and the connection ends.
    End,
    /// A blank from time to time, until the client gives up.
    Drip,
    /// Two megabytes of blanks before the JSON.
    Huge,
    /// A redirect to the same path at this origin.
    Redirect(String),
}

impl Default for Script {
    fn default() -> Self {
        Self {
            person: json!({"sub": "ada"}),
            refuses_with: None,
            keys: vec![Key::Rs256],
            keys_are_named: true,
            signature: Signature::By(Key::Rs256),
            id_token: same(),
            metadata: same(),
            response: same(),
            token: same(),
            userinfo: same(),
            answers_with_forms: false,
            replies: BTreeMap::new(),
        }
    }
}

impl Script {
    /// Sets a claim of ID tokens, or removes it with null.
    pub fn claim(&mut self, name: &'static str, value: Value) {
        self.id_token = set(name, value);
    }

    /// Sets a parameter of authorization responses, or removes it with null.
    pub fn parameter(&mut self, name: &'static str, value: Value) {
        self.response = set(name, value);
    }

    /// Sets a member of the metadata, or removes it with null.
    pub fn member(&mut self, name: &'static str, value: Value) {
        self.metadata = set(name, value);
    }
}

fn same() -> Change {
    Arc::new(|_| ())
}

/// Returns the change that sets a member of an object, or removes it with null.
fn set(name: &'static str, value: Value) -> Change {
    Arc::new(move |document| {
        let members = document.as_object_mut().unwrap();
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.to_owned(), value.clone());
        }
    })
}

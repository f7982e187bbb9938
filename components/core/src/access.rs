//! The interface `access`.

use auth_core::access::{Holder, Question};
use auth_core::json;
use serde::Deserialize;

use crate::Core;
use crate::bindings::exports::gatewright::auth::access::Guest;

/// The roles and permissions in claims. A missing claim grants nothing.
#[derive(Deserialize)]
struct Granted {
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    permissions: Vec<String>,
}

impl Guest for Core {
    fn can(claims: String, permission: String) -> bool {
        decide(&claims, &Question::Permission(permission))
    }

    fn has_any_role(claims: String, roles: Vec<String>) -> bool {
        decide(&claims, &Question::AnyRole(roles))
    }

    fn has_all_roles(claims: String, roles: Vec<String>) -> bool {
        decide(&claims, &Question::AllRoles(roles))
    }
}

/// Decides a question. Invalid claims are granted nothing, not even the access that every user has.
fn decide(claims: &str, question: &Question) -> bool {
    json::from_str::<Granted>(claims).is_ok_and(|granted| {
        question.decide(&Holder {
            roles: &granted.roles,
            permissions: &granted.permissions,
            rank: 0,
        })
    })
}

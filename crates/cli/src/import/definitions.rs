//! Importing permissions and roles.

use anyhow::Result;
use gatewright_transfer::Definition;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::importer::Importer;
use super::outcome::{Outcome, refused_by};
use crate::api::{path, read, refused_with};
use crate::show::clean;

/// The permission or role of the service with a given name.
#[derive(Deserialize)]
struct Found {
    built_in: bool,
    rank: Option<u64>,
    #[serde(default)]
    permissions: Vec<String>,
}

impl Importer<'_> {
    /// Creates a permission or role that does not exist. A built-in role, which always exists, gets the permissions
    /// that it lacks.
    pub(super) fn define(&mut self, definition: &Definition) -> Result<Outcome> {
        let (kind, permissions, rank) = match definition {
            Definition::Permission { .. } => ("permissions", &[][..], None),
            Definition::Role {
                permissions, rank, ..
            } => ("roles", permissions.as_slice(), *rank),
        };
        let name = definition.name();
        let place = match path(&[kind, name]) {
            Ok(place) => place,
            Err(error) => return Ok(Outcome::refused("format", error.to_string())),
        };
        let found = match self.send(Method::GET, &place, None) {
            Ok(found) => Some(read::<Found>(&found)?),
            Err(error) if refused_with(&error, StatusCode::NOT_FOUND) => None,
            Err(error) => return refused_by(error),
        };
        let mut lacking = Vec::new();
        if let Some(found) = &found {
            let lacks = |permission: &&String| !found.permissions.contains(permission);
            lacking.extend(permissions.iter().filter(lacks));
            let same = lacking.is_empty() && found.permissions.len() == permissions.len();
            if !found.built_in && !same && kind == "roles" {
                let name = clean(name);
                self.console.say(&format!(
                    "the role {name} already exists with other permissions and is left unchanged"
                ));
            }
            if let (Some(rank), Some(stays)) = (rank, found.rank)
                && rank != stays
            {
                let name = clean(name);
                self.console.say(&format!(
                    "the role {name} keeps its rank {stays}; the rank in the file is {rank}"
                ));
            }
            if !found.built_in || lacking.is_empty() {
                return Ok(Outcome::of("exists"));
            }
            for permission in &lacking {
                let (name, permission) = (clean(name), clean(permission));
                self.console.say(&format!(
                    "the role {name} gets the permission {permission}, for every user who has it"
                ));
            }
        }
        if self.dry_run {
            if let (None, Definition::Role { name, .. }) = (&found, definition) {
                self.promised.insert(name.clone());
            }
            return Ok(Outcome::of("created"));
        }
        let done = match found {
            None => {
                let body = match definition {
                    Definition::Permission { name, description } => {
                        json!({"name": name, "description": description})
                    }
                    Definition::Role {
                        name,
                        description,
                        rank,
                        permissions,
                    } => {
                        let mut body = json!({"name": name, "description": description, "permissions": permissions});
                        if let Some(rank) = rank {
                            body["rank"] = (*rank).into();
                        }
                        body
                    }
                };
                let body = Some(body.to_string().into_bytes());
                self.send(Method::POST, &format!("/{kind}"), body).map(drop)
            }
            Some(_) => lacking.into_iter().try_for_each(|permission| {
                let grant = path(&["roles", definition.name(), "permissions", permission])?;
                self.send(Method::POST, &grant, None).map(drop)
            }),
        };
        done.map_or_else(refused_by, |()| Ok(Outcome::of("created")))
    }
}

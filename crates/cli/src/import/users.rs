//! Sending the users of a file.

use anyhow::Result;
use gatewright_transfer::ImportUser;
use http::{Method, StatusCode};
use serde::Serialize;

use super::importer::Importer;
use super::outcome::{Outcome, results};
use crate::api::refused_with;

/// Path of the request that imports users.
const PATH: &str = "/users/import";

impl Importer<'_> {
    /// Sends users, in several requests at the same time if the client supports that. A failed request is repeated
    /// alone.
    pub(super) fn send_users(&mut self, users: &[&ImportUser]) -> Result<Vec<Outcome>> {
        if users.len() <= self.batch_size {
            return self.send_in_turn(users);
        }
        let parts: Vec<_> = users.chunks(self.batch_size).collect();
        let bodies = parts.iter().map(|some| self.body(some));
        let answers = self.api.post_all(PATH, bodies)?;
        let mut outcomes = Vec::with_capacity(users.len());
        for (some, answer) in parts.into_iter().zip(answers) {
            outcomes.extend(match answer {
                Ok(body) => results(&body, some.len())?,
                Err(_) => self.send_in_turn(some)?,
            });
        }
        Ok(outcomes)
    }

    /// Sends users, one request after another.
    fn send_in_turn(&mut self, users: &[&ImportUser]) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(users.len());
        let mut rest = users;
        while !rest.is_empty() {
            let (some, later) = rest.split_at(rest.len().min(self.batch_size));
            let request = self.body(some)?;
            match self.send(Method::POST, PATH, Some(request)) {
                Ok(body) => {
                    outcomes.extend(results(&body, some.len())?);
                    rest = later;
                }
                Err(error) if !refused_with(&error, StatusCode::PAYLOAD_TOO_LARGE) => {
                    return Err(error);
                }
                Err(_) if some.len() > 1 => self.batch_size = some.len() / 2,
                Err(error) => {
                    outcomes.push(Outcome::refused("too_long", error.to_string()));
                    rest = later;
                }
            }
        }
        Ok(outcomes)
    }

    fn body(&self, users: &[&ImportUser]) -> Result<Vec<u8>> {
        #[derive(Serialize)]
        struct Request<'a> {
            users: &'a [&'a ImportUser],
            dry_run: bool,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            ignore: &'a [String],
        }
        Ok(serde_json::to_vec(&Request {
            users,
            dry_run: self.dry_run,
            ignore: &self.ignored,
        })?)
    }
}

//! Importing the records of a round.

use anyhow::{Result, bail};
use gatewright_transfer::Item;

use super::importer::Importer;
use super::outcome::{Outcome, identity_left_out};
use super::round::Round;

impl Importer<'_> {
    /// Imports records and reports the refused ones. Permissions and roles precede the users who can have them.
    pub(super) fn take(&mut self, round: Round) -> Result<()> {
        let Round { mut records, order } = round;
        let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(records.len());
        for record in &records {
            outcomes.push(match &record.item {
                Ok(Item::Definition(definition)) => Some(self.define(definition)?),
                Ok(Item::User(_)) => None,
                Err(reason) => Some(Outcome::refused("unreadable", reason.clone())),
            });
        }
        for record in &mut records {
            if let Ok(Item::User(user)) = &mut record.item {
                if let Some(roles) = &mut user.roles {
                    roles.retain(|role| !self.promised.contains(role));
                }
                if let Some(profile) = &mut user.profile {
                    profile.retain(|name, _| !self.ignored_profile.contains(name));
                }
            }
        }
        let user = |place: &usize| match &records[*place].item {
            Ok(Item::User(user)) => Some(&**user),
            _ => None,
        };
        let users: Vec<_> = order.iter().filter_map(user).collect();
        for (place, outcome) in order.into_iter().zip(self.send_users(&users)?) {
            outcomes[place] = Some(outcome);
        }
        for (record, outcome) in records.iter().zip(outcomes) {
            let mut outcome = outcome.unwrap_or_else(|| {
                let message = "An earlier user in this file has this address or name.";
                Outcome::refused("taken", message.to_owned())
            });
            self.progress.records += 1;
            match outcome.status.as_str() {
                "created" => {
                    self.progress.created += 1;
                    let identities = record.left_out.iter().cloned();
                    outcome.left_out.extend(identities.map(identity_left_out));
                    let costliest = &mut self.progress.password_cost_ms;
                    *costliest = outcome.password_cost_ms.max(*costliest);
                    if !outcome.left_out.is_empty() {
                        self.progress.left_out += 1;
                        self.report(record, "left_out", &outcome.left_out)?;
                    }
                }
                "exists" => self.progress.existing += 1,
                "refused" => {
                    self.progress.refused += 1;
                    self.report(record, "errors", &outcome.errors)?;
                }
                other => bail!(
                    "the service returned the unknown status {:?} for a record",
                    other
                ),
            }
            self.line = record.line;
        }
        Ok(())
    }
}

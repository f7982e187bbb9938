//! better-auth.

use std::collections::{HashMap, VecDeque};

use auth_core::ImportUser;

use super::convert::{Converted, disabled, past};
use crate::fields::{Fields, Row, uuid};
use crate::record::{Item, Record};

/// Joins the users of better-auth with the hashes of their accounts, which are in another table.
pub(crate) struct BetterAuth<I> {
    rows: I,
    hashes: HashMap<String, String>,
    accounts: bool,
    /// Users that precede the accounts.
    waiting: VecDeque<(u64, Fields)>,
}

impl<I> BetterAuth<I> {
    pub(crate) fn new(rows: I) -> Self {
        Self {
            rows,
            hashes: HashMap::new(),
            accounts: false,
            waiting: VecDeque::new(),
        }
    }

    fn account(&mut self, mut fields: Fields) -> Result<(), String> {
        self.accounts = true;
        fields.rename("provider_id", "providerId");
        fields.rename("user_id", "userId");
        if fields.text("providerId")?.as_deref() == Some("credential")
            && let (Some(user), Some(hash)) = (fields.text("userId")?, fields.text("password")?)
        {
            self.hashes.insert(user, hash);
        }
        Ok(())
    }

    fn user(&mut self, line: u64, mut fields: Fields) -> Record {
        let key = fields.text("id").ok().flatten().unwrap_or_default();
        let user = fields.convert(|fields| convert(fields, &key, self.hashes.remove(&key)));
        Record {
            line,
            item: user.map(Item::from),
        }
    }
}

impl<I: Iterator<Item = Row>> Iterator for BetterAuth<I> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        while let Some(Row {
            line,
            table,
            fields,
        }) = self.rows.next()
        {
            match (table, fields) {
                (_, Err(reason)) => {
                    return Some(Record {
                        line,
                        item: Err(reason),
                    });
                }
                (0, Ok(fields)) if self.accounts => return Some(self.user(line, fields)),
                (0, Ok(fields)) => self.waiting.push_back((line, fields)),
                (_, Ok(fields)) => {
                    if let Err(reason) = self.account(fields) {
                        let item = Err(format!("an account: {reason}"));
                        return Some(Record { line, item });
                    }
                }
            }
        }
        let (line, fields) = self.waiting.pop_front()?;
        Some(self.user(line, fields))
    }
}

/// Converts a row of the table `user` (`packages/core/src/db/get-tables.ts`) with the plugins `username`, `admin` and
/// `phoneNumber`, with the column names of better-auth or with underscores. Roles of the plugin `admin` and the table
/// `twoFactor`, whose keys are encrypted with a secret of better-auth, are left out. Further columns are fields of the
/// profile.
fn convert(mut fields: Fields, key: &str, hash: Option<String>) -> Converted {
    for (with_underscores, name) in [
        ("email_verified", "emailVerified"),
        ("created_at", "createdAt"),
        ("ban_expires", "banExpires"),
        ("phone_number", "phoneNumber"),
    ] {
        fields.rename(with_underscores, name);
    }
    let banned = fields.flag("banned")? == Some(true);
    let over = past(fields.instant("banExpires")?);
    fields.drop(&[
        "updatedAt",
        "updated_at",
        "displayUsername",
        "display_username",
        "role",
        "banReason",
        "ban_reason",
        "twoFactorEnabled",
        "two_factor_enabled",
        "isAnonymous",
        "is_anonymous",
        "phoneNumberVerified",
        "phone_number_verified",
    ]);
    fields.rename("phoneNumber", "phone_number");
    let user = ImportUser {
        id: uuid(key),
        email: fields.text("email")?,
        email_verified: fields.flag("emailVerified")?,
        username: fields.text("username")?,
        display_name: fields.text("name")?,
        password_hash: hash,
        disabled: disabled(banned && !over),
        created_at: fields.time("createdAt")?,
        ..ImportUser::default()
    };
    Ok(ImportUser {
        profile: fields.rest(),
        ..user
    })
}

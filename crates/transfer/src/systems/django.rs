//! Django.

use auth_core::ImportUser;
use serde_json::Value;

use super::convert::{Converted, disabled, full_name, superadmin};
use crate::fields::{Fields, Row};
use crate::hash;

/// The users of `dumpdata`, which can contain objects of other models too.
pub(crate) struct Models<I> {
    rows: I,
    /// The model, by the name of its table.
    table: String,
    /// The line of an object, until the first user.
    none_yet: Option<u64>,
    found: bool,
}

impl<I> Models<I> {
    pub(crate) const fn new(rows: I, table: String) -> Self {
        Self {
            rows,
            table,
            none_yet: None,
            found: false,
        }
    }

    /// Returns the user of an object. `None` means another model.
    fn user(&self, mut object: Fields) -> Option<Result<Fields, String>> {
        let Ok(Some(model)) = object.text("model") else {
            return Some(Err("it has no `model`: is this from dumpdata?".into()));
        };
        if !model.replace('.', "_").eq_ignore_ascii_case(&self.table) {
            return None;
        }
        let key = object.value("pk");
        Some(match object.value("fields") {
            Some(Value::Object(mut fields)) => {
                fields.insert("id".into(), key.unwrap_or_default());
                Ok(Fields::new(fields))
            }
            _ => Err("it has no `fields`".into()),
        })
    }
}

impl<I: Iterator<Item = Row>> Iterator for Models<I> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        while let Some(row) = self.rows.next() {
            let fields = match row.fields {
                Ok(fields) => self.user(fields),
                Err(reason) => Some(Err(reason)),
            };
            if let Some(fields) = fields {
                self.found = true;
                return Some(Row { fields, ..row });
            }
            self.none_yet = Some(row.line);
        }
        let line = self.none_yet.take().filter(|_| !self.found)?;
        let reason = format!(
            "the document has no user: no model has the table `{}`",
            self.table
        );
        Some(Row {
            line,
            table: 0,
            fields: Err(reason),
        })
    }
}

/// Converts a `django.contrib.auth.models.AbstractUser`. Groups, permissions and `is_staff`, which grants access to
/// Django's own pages, are left out. Django does not store whether an address is verified.
pub(crate) fn convert(mut fields: Fields) -> Converted {
    let superuser = fields.flag("is_superuser")?;
    let active = fields.flag("is_active")?;
    let email = fields.text("email")?;
    // Many users have the address in both fields. An address is not a user name here and isn't needed.
    let same = |name: &String| {
        let email = email.as_deref().unwrap_or_default();
        name.eq_ignore_ascii_case(email)
    };
    let username = fields.text("username")?.filter(|name| !same(name));
    Ok(ImportUser {
        id: fields.uuid("id"),
        username,
        display_name: full_name(&mut fields, "first_name", "last_name")?,
        password_hash: fields.text("password")?.and_then(hash::django),
        disabled: disabled(active == Some(false)),
        roles: superadmin(superuser),
        created_at: fields.time("date_joined")?,
        last_login_at: fields.time("last_login")?,
        email,
        ..ImportUser::default()
    })
}

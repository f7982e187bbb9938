//! Users of other systems, read from their exports as a stream.
//!
//! [`read()`] turns each user in a file into an [`ImportUser`], or returns the reason for a failure. It keeps one user
//! in memory at a time, except where accounts are in a second table: it keeps the rows that come first until they are
//! joined. The server checks e-mail addresses, user names, hashes and roles.
//!
//! | format | files |
//! | --- | --- |
//! | `jsonl` | an [`ImportUser`] on each line, in the form of the API, or a [`Definition`] |
//! | `csv` | the same fields, named by a header; roles separated by blanks or `;`, and `profile.X` |
//! | `fastapi-users` | the table `user` as CSV or in an SQL dump, there with `oauth_account` |
//! | `django` | `dumpdata auth.User` (JSON or JSON Lines), the table `auth_user` as CSV or in an SQL dump |
//! | `better-auth` | the tables `user` and `account` in an SQL dump, or `{"user": [...], "account": [...]}` |
//! | `auth0` | the JSON Lines of a users export, or those with password hashes from its support; also as a list |
//! | `clerk` | the CSV of the dashboard, or users of its API in JSON: a list or lines |
//! | `supabase` | the table `auth.users` as CSV or in an SQL dump, there with `auth.identities` |
//! | `firebase` | the output of `firebase auth:export`, JSON or CSV |
//!
//! SQL dumps are those of `pg_dump` as plain text, SQLite's `.dump`, and `mysqldump`.
//!
//! An ID is kept if it is a UUID, and otherwise left out. Users who sign in only with a provider have no password here,
//! but the identities of providers whose issuer and subject are known: those of presets, and those that
//! [`Options::providers`] names. The reasons for all others are in [`Record::left_out`].
//! A line that can't be read is refused, and reading continues with the next line. Reading ends with a refusal only if
//! the rest of the file can't be read: a failing disk, a JSON document whose brackets don't match, a dump without the
//! table.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed test may panic"))]

mod csv;
mod error;
mod fields;
mod format;
mod hash;
mod identity;
mod json;
mod options;
mod read;
mod record;
mod source;
mod sql;
mod systems;

pub use auth_core::{ImportIdentity, ImportUser, canonical, email_key, json as objects};

pub use crate::error::ReadError;
pub use crate::format::Format;
pub use crate::options::{FirebaseHash, Options};
pub use crate::read::read;
pub use crate::record::{Definition, Item, Record};

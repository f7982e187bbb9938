//! Copies of whole databases: a backup of SQLite, its restore, and the move to another database.

#![forbid(unsafe_code)]

mod backup;
mod copy;
mod database;
mod digest;
mod file;
mod position;
mod postgres;
mod side;
mod sqlite;
mod tables;

pub use backup::{Saved, backup, restore};
pub use copy::{Copied, Progress};
pub use database::{Source, Target};
pub use position::COPYING;

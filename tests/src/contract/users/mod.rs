//! Users.

mod change;
mod create;
mod delete;
mod last_holder;
mod list;
mod search;
mod walk;

pub(crate) use change::*;
pub(crate) use create::*;
pub(crate) use delete::*;
pub(crate) use last_holder::*;
pub(crate) use list::*;
pub(crate) use search::*;
pub(crate) use walk::*;

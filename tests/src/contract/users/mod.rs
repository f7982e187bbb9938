//! Users.

mod change;
mod create;
mod delete;
mod last_holder;
mod list;
mod lists;
mod search;
mod walk;

pub(crate) use change::*;
pub(crate) use create::*;
pub(crate) use delete::*;
pub(crate) use last_holder::*;
pub(crate) use list::*;
pub use lists::*;
pub(crate) use search::*;
pub(crate) use walk::*;

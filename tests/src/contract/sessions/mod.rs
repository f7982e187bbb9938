//! Sessions and the refresh tokens of their families.

mod rotate;
mod start;

pub(crate) use rotate::*;
pub(crate) use start::*;

//! The parts of the storage contract that are the same in every SQL dialect: positions in lists, the order of texts, lists
//! in columns, and how long expired data are kept.

#![forbid(unsafe_code)]

pub mod intervals;
pub mod lists;
pub mod position;
pub mod subject;
pub mod text;

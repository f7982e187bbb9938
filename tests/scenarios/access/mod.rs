//! Roles, permissions and access decisions.

mod access_check;
mod access_matrix;
mod keys;
mod ranks;
mod roles;

//! Roles, permissions, and who may do what.

mod access_check;
mod access_matrix;
mod keys;
mod ranks;
mod roles;

//! Roles, permissions, and who may do what.

mod access_check;
mod access_matrix;
mod ranks;
mod roles;

//! The HTTP behaviour that clients see, one file for each behaviour, the same on every host.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests")]

mod access;
mod account;
mod audit;
mod auth;
mod health;
mod mail;
mod pages;
mod requests;
mod users;

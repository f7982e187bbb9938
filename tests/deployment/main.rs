//! The container image runs with a read-only root, and the files for deployments are valid and agree with each other.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests")]

mod dockerfile;
mod facts;
mod files;
mod image;

/// Reads a file of the repository.
fn read(path: &str) -> String {
    let path = gatewright_tests::repository::root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

//! The protocol of sign-in by providers, from start to code, with providers that answer as a test says.

mod addresses;
mod arrival;
mod at_once;
mod codes;
mod dialects;
mod documents;
mod hosts;
mod quirks;
mod start;
mod world;

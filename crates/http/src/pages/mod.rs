//! Pages for people: signing up, in and out. Static files; what they do, they do through the API.

pub(crate) mod files;

//! Each decision by a name of its own on `Auth`, until every caller asks the services.

mod administrators;
mod persons;

//! What monitoring asks: whether the service works, and its figures.

pub(crate) mod checks;
pub(crate) mod metrics;

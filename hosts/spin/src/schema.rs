//! The state of the schema, as this instance has seen it.

use std::sync::atomic::{AtomicBool, Ordering};

static CURRENT: AtomicBool = AtomicBool::new(false);

/// Returns whether this instance has seen that the schema is current.
pub(crate) fn is_current() -> bool {
    CURRENT.load(Ordering::Relaxed)
}

/// Records that the schema is current, or that it must be checked again.
pub(crate) fn set_current(current: bool) {
    CURRENT.store(current, Ordering::Relaxed);
}

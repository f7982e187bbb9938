//! Whether this instance has seen that the schema is current.

use std::sync::atomic::{AtomicBool, Ordering};

static CURRENT: AtomicBool = AtomicBool::new(false);

/// Whether it has.
pub(crate) fn is_current() -> bool {
    CURRENT.load(Ordering::Relaxed)
}

/// Notes that the schema is current, or that it has to be looked at again.
pub(crate) fn set_current(current: bool) {
    CURRENT.store(current, Ordering::Relaxed);
}

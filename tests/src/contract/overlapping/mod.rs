//! Calls that overlap: the second one begins while the first one has written everything but is not committed. For storage
//! that can hold a call there.

mod changes;
mod overlap;
mod sessions;

pub use changes::*;
pub use overlap::Overlap;
pub use sessions::*;

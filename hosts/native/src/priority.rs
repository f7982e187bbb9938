//! The priority of threads that are not to hold up others.

/// How nice the threads of password hashes are: the host's other threads go first, and other programs leave them a fair
/// part. At 19 a busy program beside the host leaves them hardly anything, and no login ends in time.
const NICE: i32 = 5;

/// Lowers the priority of the calling thread.
pub(crate) fn lower_priority() {
    // A failure leaves the priority as it was, which costs only speed.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
}

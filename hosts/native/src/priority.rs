//! The priority of threads that must not slow down others.

/// Niceness of the threads that hash passwords. The host's other threads take precedence, and other programs leave
/// these a fair share. At 19, a busy program beside the host leaves them almost nothing, and logins time out.
const NICE: i32 = 5;

/// Lowers the priority of the calling thread.
pub(crate) fn lower_priority() {
    // A failure leaves the priority unchanged, which costs only speed.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
}

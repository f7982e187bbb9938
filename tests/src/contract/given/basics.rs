//! Times, IDs and callers.

use auth_core::Timestamp;

/// 2100-01-01, so that a storage that cleans up by its own clock finds nothing expired.
const START: u64 = 4_102_444_800_000;
pub(crate) const CALLERS: usize = 20;

pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(START + seconds * 1000)
}

/// Returns a UUID that ends in this number.
pub(crate) fn id(number: u64) -> String {
    format!("018bcfe5-6800-7000-8000-{number:012x}")
}

pub(crate) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Returns how many of the outcomes equal `wanted`.
pub(crate) fn times<T: PartialEq>(outcomes: &[T], wanted: T) -> usize {
    outcomes
        .iter()
        .filter(|outcome| **outcome == wanted)
        .count()
}

/// Calls a function from many threads that start together, and collects the results.
pub(crate) fn concurrently<T: Send>(call: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = std::sync::Barrier::new(CALLERS);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (call, barrier) = (&call, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    call(caller)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

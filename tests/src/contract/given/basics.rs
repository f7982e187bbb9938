//! Times, identifiers and callers.

use auth_core::Timestamp;

/// 2100-01-01: a storage that clears out by its own clock finds nothing here that has ended.
const START: u64 = 4_102_444_800_000;
pub(crate) const CALLERS: usize = 20;

pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(START + seconds * 1000)
}

/// A UUID that ends in this number.
pub(crate) fn id(number: u64) -> String {
    format!("018bcfe5-6800-7000-8000-{number:012x}")
}

pub(crate) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// How many of these are this.
pub(crate) fn times<T: PartialEq>(outcomes: &[T], wanted: T) -> usize {
    outcomes
        .iter()
        .filter(|outcome| **outcome == wanted)
        .count()
}

/// Calls from many threads that start together, and collects what they return.
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

//! Identifiers of stored records.

use uuid::Builder;

use crate::platform::Platform;
use crate::storage::Timestamp;

/// Generates a new identifier: UUID version 7 (RFC 9562 section 5.7), so that rows are stored in order of creation.
pub(crate) fn new_id<P: Platform>(platform: &P) -> String {
    let mut random = [0; 10];
    platform.fill_random(&mut random);
    from_random(platform.now(), &random)
}

/// Generates identifiers for a list in ascending order, so that neighbours in the list are neighbours in the indexes of a
/// database.
pub(crate) fn new_ids<P: Platform>(platform: &P, count: usize) -> Vec<String> {
    let mut random = vec![[0; 10]; count];
    platform.fill_random(random.as_flattened_mut());
    let now = platform.now();
    let ids = random.iter().map(|random| from_random(now, random));
    let mut ids: Vec<_> = ids.collect();
    ids.sort();
    ids
}

fn from_random(now: Timestamp, random: &[u8; 10]) -> String {
    Builder::from_unix_timestamp_millis(now.as_millis(), random)
        .into_uuid()
        .to_string()
}

//! Identifiers of stored records.

use uuid::Builder;

use crate::platform::Platform;

/// Generates a new identifier: UUID version 7 (RFC 9562 section 5.7), so that rows are stored in order of creation.
pub(crate) fn new_id<P: Platform>(platform: &P) -> String {
    let mut random = [0; 10];
    platform.fill_random(&mut random);
    Builder::from_unix_timestamp_millis(platform.now().as_millis(), &random)
        .into_uuid()
        .to_string()
}

//! Permissions: their names, and the rules by which one covers another.

/// The permission that covers every other, and the segment that covers every other.
pub(super) const ANY: &str = "*";

/// Maximum length of a segment of a permission's name, and of a role's name.
const LONGEST: usize = 64;

/// The permission to act as a user.
pub const IMPERSONATE: &str = "users:impersonate";

/// Whether this is a valid permission name: `*`, or `resource:action`, where each segment is `*` or 1 to 64 of
/// `a-z 0-9 _ . -`.
pub fn is_permission_name(name: &str) -> bool {
    segments(name).is_some()
}

/// Whether the held permission covers the wanted one.
///
/// `*` in a held segment covers every segment; `*` in a wanted segment is covered by `*` alone.
pub fn covers(held: &str, wanted: &str) -> bool {
    let covers = |held: &str, wanted: &str| held == ANY || held == wanted;
    match (segments(held), segments(wanted)) {
        (Some(held), Some(wanted)) => covers(held.0, wanted.0) && covers(held.1, wanted.1),
        _ => false,
    }
}

/// Whether one of the held permissions covers the wanted one.
pub fn has_permission(held: &[impl AsRef<str>], wanted: &str) -> bool {
    held.iter().any(|held| covers(held.as_ref(), wanted))
}

/// Returns both segments of a permission's name; `*` means `*:*`.
fn segments(name: &str) -> Option<(&str, &str)> {
    if name == ANY {
        return Some((ANY, ANY));
    }
    let (resource, action) = name.split_once(':')?;
    let valid = |segment: &str| segment == ANY || is_word(segment);
    (valid(resource) && valid(action)).then_some((resource, action))
}

pub(super) fn is_word(text: &str) -> bool {
    let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-');
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(allowed)
}

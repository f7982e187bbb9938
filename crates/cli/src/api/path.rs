//! Paths and queries of requests.

use anyhow::{Result, ensure};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters that are escaped in a segment of a path. Names of permissions, such as `posts:*`, are not escaped.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'*');

/// Names and values after the `?` of a URL.
pub(crate) type Query = Vec<(&'static str, String)>;

/// Returns a path of segments that the user gave.
pub(crate) fn path(parts: &[&str]) -> Result<String> {
    let mut path = String::new();
    for part in parts {
        // Clients and servers remove `.` and `..` from a path.
        ensure!(!["", ".", ".."].contains(part), "{part:?} is not a name");
        path.push('/');
        path.extend(utf8_percent_encode(part, SEGMENT));
    }
    Ok(path)
}

pub(crate) fn with_query(path: &str, query: &Query) -> String {
    if query.is_empty() {
        return path.to_owned();
    }
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(query);
    format!("{path}?{}", encoded.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_give_stays_one_part_of_the_path() {
        assert_eq!(
            path(&["roles", "a/b c?d#e%é"]).unwrap(),
            "/roles/a%2Fb%20c%3Fd%23e%25%C3%A9"
        );
        assert_eq!(
            path(&["permissions", "posts:*"]).unwrap(),
            "/permissions/posts:*"
        );
        for name in ["", ".", ".."] {
            assert!(path(&["roles", name]).is_err(), "{name:?}");
        }
    }

    #[test]
    fn values_of_a_query_are_escaped() {
        let query = vec![("search", "a+b@c &d=é".to_owned())];
        assert_eq!(
            with_query("/users", &query),
            "/users?search=a%2Bb%40c+%26d%3D%C3%A9"
        );
        assert_eq!(with_query("/users", &Vec::new()), "/users");
    }
}

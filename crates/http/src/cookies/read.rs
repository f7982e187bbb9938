//! Reads the cookies of a request.

use http::HeaderMap;
use http::header::COOKIE;

/// How many cookies of one name are tried. A browser sends several where they were set for different domains.
const MAX_VALUES: usize = 4;

/// The different values of the cookies of this name, in the order of the request and at most [`MAX_VALUES`]. What can't be a token or
/// an identifier of ours is left out. Other cookies don't matter, whatever bytes they hold.
pub(crate) fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let mut values = all_values(headers, name);
    values.truncate(MAX_VALUES);
    values
}

/// As [`values`], without the bound: for values that the caller can sort out without storage. The headers bound them.
pub(crate) fn all_values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let mut values = Vec::new();
    for (_, value) in pairs(headers).filter(|(given, _)| *given == name.as_bytes()) {
        match std::str::from_utf8(value) {
            Ok(value) if is_token(value) && !values.contains(&value) => values.push(value),
            _ => {}
        }
    }
    values
}

/// How many cookies of this name the request has, whatever they hold.
pub(crate) fn count(headers: &HeaderMap, name: &str) -> usize {
    pairs(headers)
        .filter(|(given, _)| *given == name.as_bytes())
        .count()
}

/// Names and values, as bytes.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    let lines = headers.get_all(COOKIE).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            Some((pair[..at].trim_ascii(), pair[at + 1..].trim_ascii()))
        })
}

/// Whether a value has only the characters of tokens and identifiers: base64url, `.` and `-`.
fn is_token(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !value.is_empty() && value.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read(lines: &[&[u8]]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        let values = values(&headers, "sid");
        values.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn the_cookies_of_a_name_are_found() {
        let found = |line: &str| read(&[line.as_bytes()]);
        assert_eq!(found("sid=a"), ["a"]);
        assert_eq!(found(" sid = a ;x=1"), ["a"]);
        assert_eq!(found("x=1;sid=a"), ["a"]);
        assert_eq!(found("x=sid=b; sid=a; xsid=b; sid2=b; SID=b"), ["a"]);
        assert_eq!(found(";;=;sid;sid=;sid=a;=sid"), ["a"]);
        assert_eq!(read(&[b"sid=a; sid=b", b"x=1", b"sid=c"]), ["a", "b", "c"]);
        assert_eq!(found("sid=a; sid=a; sid=b; sid=a"), ["a", "b"]);
        assert_eq!(found("sid=a;sid=b;sid=c;sid=d;sid=e"), ["a", "b", "c", "d"]);
        // A comma joins no cookies: in a neighbour's value it would set one in the service's name.
        assert!(found("x=1, sid=a").is_empty());
    }

    #[test]
    fn other_bytes_are_no_token_and_harm_no_neighbour() {
        assert_eq!(read(&[b"x=\xff; sid=a; y=\x80\xe9"]), ["a"]);
        assert_eq!(read(&["x=é; sid=a".as_bytes()]), ["a"]);
        assert_eq!(read(&[b"\xff", b"sid=a"]), ["a"]);
        // They take no place of the bounded number either.
        assert_eq!(
            read(&[b"sid=\xff; sid=\"q\"; sid=a b; sid=a,b; sid=%41; sid=a"]),
            ["a"]
        );
    }

    proptest! {
        /// Whatever stands around it, a cookie of ours is found, and nothing that isn't one.
        #[test]
        fn neighbours_do_not_matter(
            before in proptest::collection::vec("[^;\\x00-\\x1f\\x7f]{0,12}", 0..4),
            value in "[A-Za-z0-9._-]{1,40}",
            after in proptest::collection::vec(any::<u8>().prop_filter("no control", |byte| (*byte >= 32 && *byte != 127) || *byte == b'\t'), 0..40),
        ) {
            let others = before.iter().filter(|text| !text.trim().starts_with("sid"));
            let mut line: Vec<u8> = others.flat_map(|text| format!("{text};").into_bytes()).collect();
            line.extend(format!("sid={value};").into_bytes());
            line.extend(after);
            let found = read(&[&line]);
            prop_assert_eq!(&found[0], &value);
            prop_assert!(found.len() <= MAX_VALUES && found.iter().all(|value| is_token(value)));
        }
    }
}

//! Parser of the cookies of a request.

use http::HeaderMap;
use http::header::COOKIE;

/// Maximum number of cookies with one name to try. A browser sends several if they were set for different domains.
const MAX_VALUES: usize = 4;

/// Returns the distinct values of the cookies with this name, in the order of the request and at most [`MAX_VALUES`].
/// Values that can't be a token or an identifier of the service are omitted. Other cookies can contain any bytes.
pub(crate) fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let mut values = all_values(headers, name);
    values.truncate(MAX_VALUES);
    values
}

/// Like [`values`], without its limit: for values that the caller can check without storage. The header size limits
/// them.
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

/// Returns the cookies whose names begin with this prefix: the rest of each name, and the value. The header size limits
/// them. Both have only the characters of tokens and identifiers.
pub(crate) fn with_prefix<'a>(headers: &'a HeaderMap, prefix: &str) -> Vec<(&'a str, &'a str)> {
    let token = |bytes| {
        std::str::from_utf8(bytes)
            .ok()
            .filter(|text| is_token(text))
    };
    let found = pairs(headers).filter_map(|(name, value)| {
        let rest = name.strip_prefix(prefix.as_bytes())?;
        Some((token(rest)?, token(value)?))
    });
    found.collect()
}

/// Returns the number of cookies with this name in the request, regardless of their values.
pub(crate) fn count(headers: &HeaderMap, name: &str) -> usize {
    pairs(headers)
        .filter(|(given, _)| *given == name.as_bytes())
        .count()
}

/// Returns names and values as bytes.
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
        // A comma doesn't separate cookies. Otherwise the value of another cookie could forge one of the service.
        assert!(found("x=1, sid=a").is_empty());
    }

    #[test]
    fn other_bytes_are_no_token_and_harm_no_neighbour() {
        assert_eq!(read(&[b"x=\xff; sid=a; y=\x80\xe9"]), ["a"]);
        assert_eq!(read(&["x=é; sid=a".as_bytes()]), ["a"]);
        assert_eq!(read(&[b"\xff", b"sid=a"]), ["a"]);
        // They don't count towards the maximum number either.
        assert_eq!(
            read(&[b"sid=\xff; sid=\"q\"; sid=a b; sid=a,b; sid=%41; sid=a"]),
            ["a"]
        );
    }

    /// A cookie can't forge the name of another: what stands before the prefix or after it is not cut off.
    #[test]
    fn the_cookies_of_a_prefix_are_found() {
        let mut headers = HeaderMap::new();
        let line = "oauth-a_-1=x; oauth-b=; oauth-=y; xoauth-c=z; OAUTH-d=z; oauth-e f=z; oauth-g=\"z\"; oauth-a_-1=w; oauth-h=v";
        headers.append(COOKIE, HeaderValue::from_static(line));
        headers.append(
            COOKIE,
            HeaderValue::from_bytes(b"oauth-\xff=z; oauth-i=u").unwrap(),
        );
        assert_eq!(
            with_prefix(&headers, "oauth-"),
            [("a_-1", "x"), ("a_-1", "w"), ("h", "v"), ("i", "u")]
        );
    }

    proptest! {
        /// The cookie of the service is found among any other content, and only tokens are returned.
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

//! Parsers of values, for tables of settings.

/// A whole number from `min` to `max`.
pub fn whole(text: &str, min: u64, max: u64) -> Option<u64> {
    text.parse()
        .ok()
        .filter(|number| (min..=max).contains(number))
}

/// The same, or none when empty.
pub fn optional_whole(text: &str, min: u64, max: u64) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    whole(text, min, max).map(Some)
}

/// `true` or `false`, in any letter case, or `1` or `0`.
pub fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Any text, or none when empty.
pub fn optional(text: &str) -> Option<Option<String>> {
    Some((!text.is_empty()).then(|| text.to_owned()))
}

/// A name to show: 1 to 64 characters, none of them a control character.
pub fn name(text: &str) -> Option<String> {
    let fits = (1..=64).contains(&text.chars().count()) && !text.contains(char::is_control);
    fits.then(|| text.to_owned())
}

/// Scheme and authority of an http or https URL, without a trailing slash.
pub fn base_url(text: &str) -> Option<String> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let authority = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    (!authority.is_empty() && authority.chars().all(allowed)).then(|| text.to_ascii_lowercase())
}

/// The same with a path, which is of plain segments: letters, digits, `-`, `.`, `_` and `~`.
pub fn base_url_with_path(text: &str) -> Option<String> {
    let (origin, path) = split_url(text.strip_suffix('/').unwrap_or(text));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    let is_segment = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(plain);
    let fits = path.split('/').skip(1).all(is_segment);
    base_url(origin)
        .filter(|_| fits)
        .map(|origin| origin + path)
}

/// Scheme and authority of a URL, and the path that begins with a slash or is empty.
pub(super) fn split_url(url: &str) -> (&str, &str) {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let path = url[authority..].find('/');
    url.split_at(path.map_or(url.len(), |at| authority + at))
}

/// An http or https URL to append to.
pub fn url_prefix(text: &str) -> Option<String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))?;
    let allowed = |c: char| c.is_ascii_graphic() && !matches!(c, '@' | '#' | '"' | '<' | '>');
    let fits = rest.len() > 1 && rest.ends_with('/') && rest.chars().all(allowed);
    fits.then(|| text.to_owned())
}

/// A domain name, or none when empty.
pub fn domain(text: &str) -> Option<Option<String>> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let plain = text.chars().all(allowed) && !text.starts_with(['.', '-']);
    plain.then(|| (!text.is_empty()).then(|| text.to_ascii_lowercase()))
}

/// The name of a header (RFC 9110 section 5.1), in lower case.
pub fn header_name(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let fits = !text.is_empty() && text.chars().all(allowed);
    fits.then(|| text.to_ascii_lowercase())
}

/// Origins separated by commas; an empty text is an empty list.
pub fn origins(text: &str) -> Option<Vec<String>> {
    text.split(',')
        .map(str::trim)
        .filter(|origin| !origin.is_empty())
        .map(base_url)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_an_address_is_plain() {
        for (text, wanted) in [
            ("https://Example.com", "https://example.com"),
            ("https://example.com/", "https://example.com"),
            ("https://example.com/auth", "https://example.com/auth"),
            (
                "http://Localhost:1/A/b_c.~-/",
                "http://localhost:1/A/b_c.~-",
            ),
        ] {
            assert_eq!(base_url_with_path(text).as_deref(), Some(wanted));
        }
        for text in [
            "example.com/auth",
            "https:///auth",
            "https://example.com//",
            "https://example.com//auth",
            "https://example.com/auth//",
            "https://example.com/./auth",
            "https://example.com/auth/..",
            "https://example.com/a b",
            "https://example.com/a%20b",
            "https://example.com/a?b",
            "https://example.com/a#b",
            "https://example.com/a;b",
            "https://ada@example.com/auth",
        ] {
            assert_eq!(base_url_with_path(text), None, "{text}");
        }
    }
}

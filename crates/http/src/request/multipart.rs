//! Parser of `multipart/form-data` (RFC 7578) for the fields of a login: text without files.

/// Maximum length of a boundary (RFC 2046 section 5.1.1).
const MAX_BOUNDARY: usize = 70;

/// Returns names and values in their order, at most `max` of them.
///
/// # Errors
/// The form is malformed, contains a file, or has more fields; the text says which.
pub(crate) fn fields(
    content_type: &str,
    body: &[u8],
    max: usize,
) -> Result<Vec<(String, String)>, &'static str> {
    let boundary = parameter(content_type, "boundary").filter(|boundary| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
        (1..=MAX_BOUNDARY).contains(&boundary.len()) && boundary.bytes().all(plain)
    });
    let boundary = boundary.ok_or("The content type has no valid boundary parameter.")?;
    let broken = "The multipart form is malformed.";
    let delimiter = format!("\r\n--{boundary}");
    // The first delimiter is at the start of the body, or at the start of a later line.
    let mut rest = match body.strip_prefix(&delimiter.as_bytes()[2..]) {
        Some(rest) => rest,
        None => split(body, delimiter.as_bytes()).ok_or(broken)?.1,
    };
    let mut fields = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(fields);
        }
        if fields.len() >= max {
            return Err("The form has too many parameters.");
        }
        let blank = rest.iter().take_while(|byte| b" \t".contains(byte));
        let part = rest[blank.count()..].strip_prefix(b"\r\n").ok_or(broken)?;
        let (head, content) = split(part, b"\r\n\r\n").ok_or(broken)?;
        let (content, after) = split(content, delimiter.as_bytes()).ok_or(broken)?;
        let name = name(std::str::from_utf8(head).map_err(|_| broken)?)?;
        let value = std::str::from_utf8(content).map_err(|_| "The form is not valid UTF-8.")?;
        fields.push((name, value.to_owned()));
        rest = after;
    }
}

/// Returns the name of a field from the head of its part.
fn name(head: &str) -> Result<String, &'static str> {
    let mut disposition = None;
    for line in head.split("\r\n") {
        let (name, value) = line
            .split_once(':')
            .ok_or("The multipart form is malformed.")?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-disposition") {
            disposition = Some(value);
        }
        let plain = ["7bit", "8bit", "binary"];
        if name.eq_ignore_ascii_case("content-transfer-encoding")
            && !plain.iter().any(|plain| value.eq_ignore_ascii_case(plain))
        {
            return Err(
                "The form has an encoded field; send fields without Content-Transfer-Encoding.",
            );
        }
    }
    let disposition = disposition.ok_or("A field of the form has no name.")?;
    let kind = disposition.split(';').next().unwrap_or_default().trim();
    let is_file = ["filename", "filename*"]
        .iter()
        .any(|name| parameter(disposition, name).is_some());
    match parameter(disposition, "name") {
        _ if is_file => Err("The form contains a file; send only text fields."),
        Some(name) if kind.eq_ignore_ascii_case("form-data") => Ok(name),
        _ => Err("A field of the form has no name."),
    }
}

/// Returns a parameter of a header value, quoted or not.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let (_, mut rest) = header.split_once(';')?;
    loop {
        let (name, value) = rest.split_once('=')?;
        let value = value.trim_start();
        let mut text = String::new();
        let mut letters = value.char_indices();
        let end = if value.starts_with('"') {
            letters.next();
            loop {
                match letters.next()? {
                    (_, '\\') => text.push(letters.next()?.1),
                    (at, '"') => break at + 1,
                    (_, letter) => text.push(letter),
                }
            }
        } else {
            let end = value.find(';').unwrap_or(value.len());
            text.push_str(value[..end].trim_end());
            end
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(text);
        }
        rest = value[end..].trim_start().strip_prefix(';')?;
    }
}

/// Splits a text at the first mark, and returns the parts before and after it.
fn split<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(mark.len()).position(|found| found == mark)?;
    Some((&text[..at], &text[at + mark.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<(String, String)>, &'static str> {
        fields("multipart/form-data; boundary=x", body.as_bytes(), 2)
    }

    #[test]
    fn fields_are_read_as_clients_write_them() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let body = "--x\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nada@example.com\r\n\
                    --x\r\ncontent-disposition:form-data;name=password\r\nContent-Type: text/plain\r\n\r\n\
                    with\r\n--y and \u{fc}\r\n\r\n--x--\r\n";
        let ada = [
            pair("username", "ada@example.com"),
            pair("password", "with\r\n--y and \u{fc}\r\n"),
        ];
        assert_eq!(read(body).unwrap(), ada);
        assert_eq!(read(&format!("before\r\n{body}after")).unwrap(), ada);
        assert_eq!(read("--x--").unwrap(), []);
        let empty = "--x \t\r\nContent-Disposition: form-data; name=\"a\\\"b\"\r\n\r\n\r\n--x--";
        assert_eq!(read(empty).unwrap(), [pair("a\"b", "")]);
        for content_type in [
            "multipart/form-data; charset=utf-8; boundary=\"x\"",
            "Multipart/Form-Data;BOUNDARY = x ; charset=\"a;b\"",
        ] {
            assert_eq!(fields(content_type, body.as_bytes(), 2).unwrap(), ada);
        }
    }

    #[test]
    fn what_is_no_such_form_is_refused() {
        let part = "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n";
        for body in [
            "",
            "username=ada&password=x",
            "--x",
            "--x\r\n",
            "--xy--",
            "--x\r\n\r\n1\r\n--x--",
            "--x\r\nContent-Type: text/plain\r\n\r\n1\r\n--x--",
            "--x\r\nContent-Disposition: form-data; filename=a\r\n\r\n1\r\n--x--",
            "--x\r\nContent-Disposition: form-data; name=a; filename=\"\"\r\n\r\n1\r\n--x--",
            "--x\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--x--",
            "--x\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--x--",
            "--x\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--x--",
            "--x\r\nno header\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--",
            part,
            &format!("{part}--xy--"),
            &format!("{part}{part}{part}--x--"),
        ] {
            assert!(read(body).is_err(), "{body:?}");
        }
        assert!(read(&format!("{part}--x--")).is_ok());
        let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
        for content_type in [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"",
            "multipart/form-data; boundary=\u{fc}",
            &long,
        ] {
            assert!(fields(content_type, b"--x--", 2).is_err(), "{content_type}");
        }
        let mut latin = part.replace('1', "?").into_bytes();
        latin.extend(b"--x--");
        latin
            .iter_mut()
            .for_each(|byte| *byte = if *byte == b'?' { 0xfc } else { *byte });
        assert!(fields("multipart/form-data; boundary=x", &latin, 2).is_err());
    }
}

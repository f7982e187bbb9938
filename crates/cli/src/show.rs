//! The API's documents in a form for people.

use std::io::Write;

use anyhow::Result;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::Value;
use serde_json::value::RawValue;

/// Returns text without characters that would move a terminal's cursor or reverse its writing direction, because others
/// wrote it.
pub(crate) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for letter in text.chars() {
        let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if turns || letter.is_control() {
            cleaned.extend(letter.escape_unicode());
        } else {
            cleaned.push(letter);
        }
    }
    cleaned
}

/// Returns JSON on one line. Line breaks can only be between its values.
pub(crate) fn one_line(raw: &RawValue) -> String {
    raw.get().replace(['\r', '\n'], " ")
}

/// Returns a value on one line.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => clean(text),
        Value::Array(values) if values.is_empty() => "-".to_owned(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(fields) if fields.is_empty() => "-".to_owned(),
        Value::Number(_) | Value::Object(_) => clean(&value.to_string()),
    }
}

/// Writes rows under a header, aligned.
pub(crate) fn table(
    out: &mut dyn Write,
    header: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> Result<()> {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header.iter().copied());
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    writeln!(out, "{}", table.trim_fmt())?;
    Ok(())
}

/// Returns the fields with these names, as rows.
pub(crate) fn columns<'a>(
    values: &'a [Value],
    fields: &'a [&str],
) -> impl Iterator<Item = Vec<String>> + 'a {
    let row = |value: &Value| fields.iter().map(|field| text(&value[*field])).collect();
    values.iter().map(row)
}

/// Writes a record, one field on each line: the identity first, then in the order of the service.
pub(crate) fn record(out: &mut dyn Write, record: &Value) -> Result<()> {
    let Value::Object(fields) = record else {
        writeln!(out, "{}", text(record))?;
        return Ok(());
    };
    let first = [
        "id",
        "email",
        "username",
        "name",
        "kid",
        "display_name",
        "description",
    ];
    let known = first
        .into_iter()
        .filter_map(|name| fields.get_key_value(name));
    let others = fields
        .iter()
        .filter(|(name, _)| !first.contains(&name.as_str()));
    let fields: Vec<_> = known.chain(others).collect();
    let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in fields {
        writeln!(out, "{name:width$}  {}", text(value))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_table_is_aligned_and_ends_without_spaces() {
        let mut out = Vec::new();
        let rows = [
            json!({"a": "日本", "b": true}),
            json!({"a": "x", "b": null}),
        ];
        table(&mut out, &["A", "BEE"], columns(&rows, &["a", "b"])).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "A     BEE\n日本  yes\nx     -\n"
        );
    }

    #[test]
    fn what_others_wrote_cannot_steer_the_terminal() {
        assert_eq!(
            text(&json!("a\u{1b}[31m\n\u{9b}b\u{202e}c")),
            "a\\u{1b}[31m\\u{a}\\u{9b}b\\u{202e}c"
        );
        // The document's own writing of an object leaves these as they are.
        assert!(!text(&json!({"k": "\u{9b}\u{202e}"})).contains(['\u{9b}', '\u{202e}']));
    }

    #[test]
    fn a_record_begins_with_who_it_is() {
        let mut out = Vec::new();
        let user =
            json!({"disabled": false, "email": "a@b.c", "id": "1", "profile": {}, "roles": ["x"]});
        record(&mut out, &user).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "id        1\nemail     a@b.c\ndisabled  no\nprofile   -\nroles     x\n"
        );
    }
}

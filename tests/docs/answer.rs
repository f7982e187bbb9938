//! Compares the output that a page shows with the output that its commands print.

use serde_json::Value;

use crate::page::Block;

/// Stands for anything.
const ANY: &str = "…";
/// Stands for a bare `…` in a list: anything, and as the last element the rest of the list.
const REST: &str = "……";

/// Says how an output differs from what the page shows of it.
pub(crate) fn difference(shown: &Block, output: &str) -> Option<String> {
    if shown.language == "text" {
        let same = matches(&shown.text(), output.trim_end());
        return (!same).then(|| format!("the output is:\n{output}"));
    }
    let wanted = match parse(&shown.text()) {
        Ok(wanted) => wanted,
        Err(error) => return Some(error),
    };
    let Some(answer) = last_value(output) else {
        return Some(format!("the output is no JSON:\n{output}"));
    };
    compare(&wanted, &answer, "").map(|error| format!("{error}; the answer is:\n{answer:#}"))
}

/// Reads JSON in which `…` may be a value, or a member of an object.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let mut json = String::new();
    // The open brackets, the last character, and whether a string is open.
    let (mut open, mut last, mut quoted) = (Vec::new(), ' ', false);
    for c in text.chars() {
        match c {
            '"' if last != '\\' => quoted = !quoted,
            '{' | '[' if !quoted => open.push(c),
            '}' | ']' if !quoted => drop(open.pop()),
            '…' if !quoted => {
                let value = format!("\"{ANY}\"");
                json += &match (open.last(), last) {
                    (Some('{'), '{' | ',') => format!("{value}:{value}"),
                    (Some('['), _) => format!("\"{REST}\""),
                    _ => value,
                };
                last = c;
                continue;
            }
            _ => {}
        }
        if quoted || !c.is_whitespace() {
            last = if c == '\\' && last == '\\' { ' ' } else { c };
        }
        json.push(c);
    }
    serde_json::from_str(&json).map_err(|error| format!("no JSON: {error}"))
}

/// Finds the last JSON value of an output, which may have lines of text before it.
fn last_value(output: &str) -> Option<Value> {
    let lines = output.match_indices('\n').map(|(byte, _)| byte + 1);
    let mut begins = std::iter::once(0).chain(lines);
    begins.find_map(|begin| {
        let values = serde_json::Deserializer::from_str(&output[begin..]).into_iter::<Value>();
        let values: Result<Vec<_>, _> = values.collect();
        values.ok()?.pop()
    })
}

/// Compares keys, types and lengths. Says where they differ.
fn compare(wanted: &Value, answer: &Value, at: &str) -> Option<String> {
    match (wanted, answer) {
        (Value::String(text), _) if text == ANY || text == REST => None,
        (Value::Object(wanted), Value::Object(answer)) => {
            let open = wanted.contains_key(ANY);
            let extra = answer
                .keys()
                .find(|key| !open && !wanted.contains_key(*key));
            let extra = extra.map(|key| format!("the page lacks {at}/{key}"));
            let mut members = wanted.iter().filter(|(key, _)| *key != ANY);
            extra.or_else(|| {
                members.find_map(|(key, wanted)| {
                    let at = format!("{at}/{key}");
                    let Some(answer) = answer.get(key) else {
                        return Some(format!("the answer lacks {at}"));
                    };
                    compare(wanted, answer, &at)
                })
            })
        }
        (Value::Array(wanted), Value::Array(answer)) => {
            let open = wanted.last().is_some_and(|last| last == REST);
            let wanted = &wanted[..wanted.len() - usize::from(open)];
            let fits = if open {
                wanted.len() <= answer.len()
            } else {
                wanted.len() == answer.len()
            };
            if !fits {
                return Some(format!("the page has another length of {at}"));
            }
            let mut pairs = wanted.iter().zip(answer).enumerate();
            pairs.find_map(|(index, (wanted, answer))| {
                compare(wanted, answer, &format!("{at}/{index}"))
            })
        }
        (Value::Null, Value::Null)
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::String(_), Value::String(_)) => None,
        _ => Some(format!("{at} has another type than on the page")),
    }
}

/// Compares texts; `…` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split(ANY);
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs(wanted: &str, answer: &str) -> bool {
        compare(&parse(wanted).unwrap(), &parse(answer).unwrap(), "").is_some()
    }

    #[test]
    fn shapes_are_compared() {
        let answer = r#"{"id": "…x", "n": 1, "list": [{"a": true}, {"a": false}]}"#;
        let same = [
            r#"{"id": "y", "n": 2, "list": [{"a": false}, {"a": true}]}"#,
            r#"{"id": "y", …}"#,
            r#"{"id": …, "n": …, "list": [{…}, …]}"#,
            r#"{"list": […], …}"#,
            "…",
        ];
        for same in same {
            assert!(!differs(same, answer), "{same}");
        }
        let other = [
            r#"{"id": "y", "n": 2}"#,
            r#"{"id": 1, …}"#,
            r#"{"name": …, …}"#,
            r#"{"list": [{"a": true}], …}"#,
            r#"{"list": ["…"], …}"#,
            r#"{"list": [{"b": true}, …], …}"#,
        ];
        for other in other {
            assert!(differs(other, answer), "{other}");
        }
    }

    #[test]
    fn the_last_value_of_an_output_is_found() {
        assert_eq!(
            last_value("ready\n{\"a\": 1}{\"b\": 2}"),
            parse("{\"b\": 2}").ok()
        );
        assert_eq!(last_value("ready\n"), None);
    }

    #[test]
    fn texts_are_compared() {
        assert!(matches("a …\nb", "a 1\n2\nb"));
        assert!(matches("a", "a"));
        assert!(!matches("a …\nb", "a 1\n2\nc"));
        assert!(!matches("a", "a b"));
    }
}

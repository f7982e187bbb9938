//! The rows of other systems, and the conversion of their values.

use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};
use uuid::Uuid;

/// A row of a file.
pub(crate) struct Row {
    pub(crate) line: u64,
    /// Number of its table among the wanted ones.
    pub(crate) table: usize,
    pub(crate) fields: Result<Fields, String>,
}

/// The values of a row by column name. Reading a value removes it.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) const fn new(map: Map<String, Value>) -> Self {
        Self(map)
    }

    /// Returns the remaining values that aren't empty.
    pub(crate) fn rest(self) -> Option<Map<String, Value>> {
        let held = self.0.into_iter().filter(|(_, value)| !nothing(value));
        Some(held.collect::<Map<_, _>>()).filter(|map| !map.is_empty())
    }

    /// Returns a value, unless it is absent, null or an empty text.
    pub(crate) fn value(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !nothing(value))
    }

    /// Drops values.
    pub(crate) fn drop(&mut self, names: &[&str]) {
        for name in names {
            self.0.remove(*name);
        }
    }

    /// Sets a value.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.into(), value);
    }

    /// Renames a value.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        if let Some(value) = self.0.remove(from) {
            self.0.insert(to.into(), value);
        }
    }

    /// Turns the values into a user. An error names the user.
    pub(crate) fn convert<T>(
        self,
        read: impl FnOnce(Self) -> Result<T, String>,
    ) -> Result<T, String> {
        let names = ["email", "primary_email_address", "username"];
        let mut names = names.iter().filter_map(|name| self.0.get(*name)?.as_str());
        let who = names.find(|name| !name.is_empty()).map(str::to_owned);
        read(self).map_err(|reason| match who {
            Some(who) => format!("{who}: {reason}"),
            None => reason,
        })
    }

    /// Returns a value that identifies a row, without removing it.
    pub(crate) fn key(&self, name: &str) -> String {
        match self.0.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        }
    }

    /// Returns the objects of a list, which can be written as a text.
    pub(crate) fn objects(&mut self, name: &str) -> Result<Vec<Self>, String> {
        let wrong = || format!("`{name}` is not a list of objects");
        let list = match self.value(name) {
            None => return Ok(Vec::new()),
            Some(Value::String(text)) => auth_core::json::from_str(&text).map_err(|_| wrong())?,
            Some(list) => list,
        };
        let Value::Array(list) = list else {
            return Err(wrong());
        };
        let object = |value| match value {
            Value::Object(object) => Ok(Self::new(object)),
            _ => Err(wrong()),
        };
        list.into_iter().map(object).collect()
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(format!("`{name}` is not text")),
        }
    }

    /// Returns the texts of a list, or of a text that separates them by commas, semicolons, bars or blanks.
    pub(crate) fn texts(&mut self, name: &str) -> Result<Vec<String>, String> {
        let wrong = || format!("`{name}` is not a list of texts");
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => {
                let between = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|');
                let texts = text.split(between).filter(|text| !text.is_empty());
                Ok(texts.map(Into::into).collect())
            }
            Some(Value::Array(values)) => values
                .into_iter()
                .map(|value| value.as_str().map(Into::into).ok_or_else(wrong))
                .collect(),
            Some(_) => Err(wrong()),
        }
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, String> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let flag = match &value {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) => match number.as_i64() {
                Some(0) => Some(false),
                Some(1) => Some(true),
                _ => None,
            },
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "t" | "true" | "1" | "yes" => Some(true),
                "f" | "false" | "0" | "no" => Some(false),
                _ => None,
            },
            _ => None,
        };
        flag.map(Some)
            .ok_or_else(|| format!("`{name}` is neither true nor false"))
    }

    /// Returns a JSON object, which can be written as a text.
    pub(crate) fn object(&mut self, name: &str) -> Result<Option<Map<String, Value>>, String> {
        let object = match self.value(name) {
            None => return Ok(None),
            Some(Value::Object(object)) => Some(object),
            Some(Value::String(text)) => auth_core::json::from_str::<Option<_>>(&text)
                .map_err(|_| format!("`{name}` is not a JSON object"))?,
            Some(_) => return Err(format!("`{name}` is not a JSON object")),
        };
        Ok(object.filter(|object| !object.is_empty()))
    }

    /// Returns an ID, if it is a UUID in any spelling.
    pub(crate) fn uuid(&mut self, name: &str) -> Option<String> {
        match self.value(name) {
            Some(Value::String(text)) => uuid(&text),
            _ => None,
        }
    }

    /// Returns a time, in RFC 3339.
    pub(crate) fn time(&mut self, name: &str) -> Result<Option<String>, String> {
        self.instant(name)?
            .map(|time| time.format(&Rfc3339))
            .transpose()
            .map_err(|_| format!("`{name}` is not a time"))
    }

    pub(crate) fn instant(&mut self, name: &str) -> Result<Option<OffsetDateTime>, String> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let time = match &value {
            Value::Number(number) => number
                .as_i64()
                .or_else(|| number.as_f64().map(|number| number as i64))
                .and_then(unix),
            Value::String(text) => instant(text.trim()),
            // MongoDB's extended JSON.
            Value::Object(object) => object
                .get("$date")
                .and_then(Value::as_str)
                .and_then(instant),
            _ => None,
        };
        time.map(Some)
            .ok_or_else(|| format!("`{name}` is not a time"))
    }
}

fn nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

pub(crate) fn uuid(text: &str) -> Option<String> {
    let uuid = Uuid::try_parse(text.trim()).ok()?;
    Some(uuid.hyphenated().to_string())
}

/// Converts seconds or milliseconds since 1970. A number is in milliseconds if it would be after the year 5000 in seconds;
/// in milliseconds it is after 1973.
fn unix(number: i64) -> Option<OffsetDateTime> {
    if number.abs() < 100_000_000_000 {
        return OffsetDateTime::from_unix_timestamp(number).ok();
    }
    OffsetDateTime::UNIX_EPOCH.checked_add(Duration::milliseconds(number))
}

/// Parses an ISO time: `T` or a blank before the hours, optional seconds and fraction, an offset or UTC; or the digits
/// of a Unix time.
fn instant(text: &str) -> Option<OffsetDateTime> {
    if let Ok(number) = text.parse::<i64>() {
        return unix(number);
    }
    let number = |text: &str| -> Option<u8> {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits)
    };
    let (year, rest) = text.split_once('-')?;
    let (month, rest) = rest.split_once('-')?;
    let (day, rest) = rest.split_at_checked(2)?;
    let year = year.parse().ok().filter(|_| year.len() == 4)?;
    let date =
        Date::from_calendar_date(year, number(month)?.try_into().ok()?, number(day)?).ok()?;
    if rest.is_empty() {
        return Some(PrimitiveDateTime::new(date, Time::MIDNIGHT).assume_utc());
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = match rest.find(['Z', 'z', '+', '-', ' ']) {
        Some(at) => (&rest[..at], rest[at..].trim()),
        None => (rest, ""),
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let second = parts.next().map_or(Some(0), number)?;
    if parts.next().is_some() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos = format!("{fraction:0<9.9}").parse().ok()?;
    let time = Time::from_hms_nano(hour, minute, second, nanos).ok()?;
    let offset = match offset {
        "" | "Z" | "z" | "UTC" => UtcOffset::UTC,
        offset => {
            let sign = if offset.starts_with('-') { -1 } else { 1 };
            let digits = offset.strip_prefix(['+', '-'])?.replace(':', "");
            let (hours, minutes) = digits.split_at_checked(2)?;
            let minutes = if minutes.is_empty() { "00" } else { minutes };
            let (hours, minutes) = (number(hours)? as i8, number(minutes)? as i8);
            UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?
        }
    };
    PrimitiveDateTime::new(date, time)
        .assume_offset(offset)
        .checked_to_offset(UtcOffset::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time_of(value: Value) -> Result<Option<String>, String> {
        Fields::new(Map::from_iter([("at".into(), value)])).time("at")
    }

    #[test]
    fn times_of_every_spelling_become_rfc_3339() {
        for (text, expected) in [
            ("2024-01-15T10:30:00Z", "2024-01-15T10:30:00Z"),
            ("2024-01-15 10:30:00", "2024-01-15T10:30:00Z"),
            ("2024-01-15 10:30", "2024-01-15T10:30:00Z"),
            ("2024-01-15", "2024-01-15T00:00:00Z"),
            (
                "2024-01-15 10:30:00.123456+00",
                "2024-01-15T10:30:00.123456Z",
            ),
            ("2024-01-15 10:30:00 UTC", "2024-01-15T10:30:00Z"),
            ("2024-01-15 10:30:00 +0200", "2024-01-15T08:30:00Z"),
            ("2024-01-15T00:30:00.5-05:30", "2024-01-15T06:00:00.5Z"),
            (
                "2024-01-15T10:30:00.1234567891Z",
                "2024-01-15T10:30:00.123456789Z",
            ),
            ("1705314600", "2024-01-15T10:30:00Z"),
            ("1705314600123", "2024-01-15T10:30:00.123Z"),
        ] {
            assert_eq!(time_of(text.into()), Ok(Some(expected.into())), "{text}");
        }
        assert_eq!(
            time_of(serde_json::json!(1705314600123_i64)),
            Ok(Some("2024-01-15T10:30:00.123Z".into()))
        );
        assert_eq!(
            time_of(serde_json::json!({"$date": "2019-12-06T18:36:12.412Z"})),
            Ok(Some("2019-12-06T18:36:12.412Z".into()))
        );
        assert_eq!(time_of("".into()), Ok(None));
        for text in [
            "yesterday",
            "2024-13-01",
            "2024-01-15T25:00:00Z",
            "2024-01-15T10:30:00.x",
            "2024-01-15T10:30:00+é",
            "2024-01-15T1:30:00",
            "24-01-15",
            "2024-01-1é",
            "9223372036854775807",
            "2024-01-15T10:30:00+99:00",
            "9999-12-31T23:59:59-01:00",
        ] {
            assert!(time_of(text.into()).is_err(), "{text}");
        }
    }

    #[test]
    fn identifiers_are_kept_when_they_are_uuids() {
        let expected = Some("6f1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f".to_owned());
        for text in [
            "6f1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f",
            "6F1C1D7E-2B5A-4C3D-9E8F-0A1B2C3D4E5F",
            "6f1c1d7e2b5a4c3d9e8f0a1b2c3d4e5f",
            "{6f1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f}",
        ] {
            assert_eq!(uuid(text), expected, "{text}");
        }
        assert_eq!(uuid("user_2YDryYFVMM1W1plDDKz7Gzf4we6"), None);
    }
}

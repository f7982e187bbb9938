//! Extra fields of a user's profile, declared by the operator.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::{FieldError, FieldErrorCode};
use crate::identifier::{canonical, email_key};
use crate::json;
use crate::storage::User;

/// The declared fields, in order.
#[derive(Debug, Clone, Default)]
pub struct ProfileFields(Vec<ProfileField>);

/// One declared field.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileField {
    /// The name: a letter, then letters, digits and `_`, at most 64.
    pub name: String,
    /// The type of the field's values.
    #[serde(default, rename = "type")]
    pub kind: FieldKind,
    /// Whether registration requires the field.
    #[serde(default)]
    pub required: bool,
    /// The maximum number of characters of a string.
    #[serde(default = "usual_length")]
    pub max_length: usize,
    /// The users who can change the field after registration.
    #[serde(default)]
    pub editable_by: Editor,
}

/// The type of a field's values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// Text.
    #[default]
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
}

impl FieldKind {
    /// Returns the name of the type in declarations.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
        }
    }
}

/// The users who can change a field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Editor {
    /// The user and administrators.
    #[default]
    User,
    /// Administrators only.
    Admin,
}

fn usual_length() -> usize {
    255
}

/// The maximum number of characters of a display name.
const DISPLAY_NAME_MAX: usize = 100;

/// The maximum number of fields.
const MAX_FIELDS: usize = 64;
/// The maximum length of a string that a declaration can allow.
const LONGEST: usize = 4096;

impl ProfileFields {
    /// Parses a JSON list of declarations, or returns `None` if the text is invalid.
    pub fn parse(text: &str) -> Option<Self> {
        let fields: Vec<ProfileField> = json::from_str(text).ok()?;
        let plain = |field: &ProfileField| {
            let mut letters = field.name.chars();
            letters.next().is_some_and(|c| c.is_ascii_alphabetic())
                && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
                && field.name.len() <= 64
                && (1..=LONGEST).contains(&field.max_length)
        };
        let once = |at: usize| {
            fields[..at]
                .iter()
                .all(|other| other.name != fields[at].name)
        };
        let valid =
            fields.len() <= MAX_FIELDS && fields.iter().all(plain) && (0..fields.len()).all(once);
        valid.then_some(Self(fields))
    }

    /// Returns the declared fields.
    pub fn iter(&self) -> impl Iterator<Item = &ProfileField> {
        self.0.iter()
    }

    /// Returns the stored profile with these values changed. Null removes a value.
    ///
    /// # Errors
    /// All broken rules; the field is `profile.NAME`.
    pub(crate) fn change(
        &self,
        stored: &str,
        given: &Map<String, Value>,
        editor: Editor,
        registering: bool,
    ) -> Result<String, Vec<FieldError>> {
        let mut profile: Map<String, Value> = json::from_str(stored).unwrap_or_default();
        let mut broken = Vec::new();
        for (name, value) in given {
            let rule =
                |code, message: String| FieldError::new(format!("profile.{name}"), code, message);
            let Some(field) = self.0.iter().find(|field| field.name == *name) else {
                broken.push(rule(FieldErrorCode::Unknown, "Unknown field.".into()));
                continue;
            };
            if field.editable_by > editor {
                let message = "Only administrators can change this.".into();
                broken.push(rule(FieldErrorCode::ReadOnly, message));
            } else if value.is_null() {
                profile.remove(name);
            } else if let Err((code, message)) = field.check(value) {
                broken.push(rule(code, message));
            } else {
                profile.insert(name.clone(), value.clone());
            }
        }
        for field in &self.0 {
            let there = profile.contains_key(&field.name)
                || broken
                    .iter()
                    .any(|rule| rule.field == format!("profile.{}", field.name));
            // Users must not provide fields that they can't edit. A field that was never set is required only when it
            // changes.
            let asked =
                field.editable_by <= editor && (registering || given.contains_key(&field.name));
            if field.required && asked && !there {
                let name = format!("profile.{}", field.name);
                broken.push(FieldError::new(
                    name,
                    FieldErrorCode::Required,
                    "This is required.",
                ));
            }
        }
        if broken.is_empty() {
            Ok(Value::Object(profile).to_string())
        } else {
            Err(broken)
        }
    }
}

/// The message about a character that not every database stores.
pub(crate) const NO_NULL: &str = "Null characters are not allowed.";

impl ProfileField {
    fn check(&self, value: &Value) -> Result<(), (FieldErrorCode, String)> {
        let wrong =
            |what: &str| Err((FieldErrorCode::InvalidType, format!("This must be {what}.")));
        match (self.kind, value) {
            (FieldKind::String, Value::String(text)) => {
                if text.chars().count() > self.max_length {
                    let message = format!("At most {} characters.", self.max_length);
                    Err((FieldErrorCode::TooLong, message))
                } else if self.required && text.trim().is_empty() {
                    Err((FieldErrorCode::Required, "This is required.".into()))
                } else if text.contains('\0') {
                    Err((FieldErrorCode::InvalidFormat, NO_NULL.into()))
                } else {
                    Ok(())
                }
            }
            (FieldKind::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => {
                Ok(())
            }
            (FieldKind::Number, Value::Number(_)) | (FieldKind::Boolean, Value::Bool(_)) => Ok(()),
            (FieldKind::String, _) => wrong("text"),
            (FieldKind::Integer, _) => wrong("a whole number"),
            (FieldKind::Number, _) => wrong("a number"),
            (FieldKind::Boolean, _) => wrong("true or false"),
        }
    }
}

/// The maximum number of search terms of a user, and of characters in a term.
const TERMS: (usize, usize) = (16, 64);

/// Returns a user's search terms besides the key of the e-mail address and the user name: the e-mail address as it is
/// written if its key differs, the display name, each word of it, and the texts of the profile.
pub(crate) fn search_terms(user: &User) -> Vec<String> {
    let (max, longest) = TERMS;
    let profile: Map<String, Value> = json::from_str(&user.profile).unwrap_or_default();
    let name = user.display_name.as_deref().unwrap_or_default();
    let address = user.email.as_deref();
    let address = address.filter(|address| canonical(address) != email_key(address));
    let words = name.split_whitespace().skip(1);
    let texts = profile.values().filter_map(Value::as_str);
    let mut terms: Vec<String> = address
        .into_iter()
        .chain([name])
        .chain(words)
        .chain(texts)
        .map(|text| {
            canonical(text.trim())
                .chars()
                .take(longest)
                .collect::<String>()
        })
        .filter(|term| !term.is_empty())
        .take(max)
        .collect();
    terms.sort();
    terms.dedup();
    terms
}

/// Returns a display name without surrounding blanks, or `None` if it is empty.
///
/// # Errors
/// The broken rule, for the field `display_name`.
pub(crate) fn display_name(text: Option<&str>) -> Result<Option<String>, FieldError> {
    let error = |code, message: String| Err(FieldError::new("display_name", code, message));
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) if text.chars().count() > DISPLAY_NAME_MAX => error(
            FieldErrorCode::TooLong,
            format!("At most {DISPLAY_NAME_MAX} characters."),
        ),
        Some(text) if text.chars().any(char::is_control) => error(
            FieldErrorCode::InvalidFormat,
            "Control characters are not allowed.".into(),
        ),
        text => Ok(text.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields() -> ProfileFields {
        ProfileFields::parse(
            r#"[{"name": "company", "required": true, "max_length": 5},
                {"name": "age", "type": "integer"}, {"name": "score", "type": "number"},
                {"name": "news", "type": "boolean"}, {"name": "tier", "editable_by": "admin", "required": true}]"#,
        )
        .unwrap()
    }

    fn change(stored: &str, given: Value, registering: bool) -> Result<String, Vec<String>> {
        let given = given.as_object().unwrap();
        let text = |rule: &FieldError| format!("{} {}", rule.field, rule.code.as_str());
        fields()
            .change(stored, given, Editor::User, registering)
            .map_err(|broken| broken.iter().map(text).collect())
    }

    #[test]
    fn values_are_checked_against_their_declaration() {
        let good = json!({"company": "Ämter", "age": -3, "score": 1.5, "news": false});
        assert_eq!(change("{}", good.clone(), true).unwrap(), {
            let mut sorted = good;
            sorted.sort_all_objects();
            sorted.to_string()
        });
        let bad = json!({"company": "longer", "age": 1.5, "score": "1", "news": 1, "tier": "gold", "x": 1});
        let mut broken = change("{}", bad, true).unwrap_err();
        broken.sort();
        assert_eq!(
            broken,
            [
                "profile.age invalid_type",
                "profile.company too_long",
                "profile.news invalid_type",
                "profile.score invalid_type",
                "profile.tier read_only",
                "profile.x unknown_field",
            ]
        );
    }

    #[test]
    fn what_is_required_is_asked_for_once_and_cannot_be_taken_away() {
        let missing = change("{}", json!({}), true).unwrap_err();
        assert_eq!(missing, ["profile.company required"]);
        assert_eq!(
            change("{}", json!({"age": 1}), false).unwrap(),
            r#"{"age":1}"#
        );
        let taken = change(r#"{"company":"A"}"#, json!({"company": null}), false).unwrap_err();
        assert_eq!(taken, ["profile.company required"]);
        let blank = change("{}", json!({"company": " "}), true).unwrap_err();
        assert_eq!(blank, ["profile.company required"]);
        let kept = change(r#"{"age":1,"company":"A"}"#, json!({"age": null}), false);
        assert_eq!(kept.unwrap(), r#"{"company":"A"}"#);
    }

    #[test]
    fn a_wrong_declaration_is_refused() {
        for text in [
            "x",
            "{}",
            r#"[{"name": ""}]"#,
            r#"[{"name": "a b"}]"#,
            r#"[{"name": "a", "type": "date"}]"#,
            r#"[{"name": "a", "max_length": 0}]"#,
            r#"[{"name": "a"}, {"name": "a"}]"#,
            r#"[["a", "string", false, 255, "user"]]"#,
            r#"[{"name": "a", "requierd": true}]"#,
        ] {
            assert!(ProfileFields::parse(text).is_none(), "{text}");
        }
    }
}

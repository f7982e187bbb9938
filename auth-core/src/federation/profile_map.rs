//! The mapping of a provider's data to declared profile fields.

use serde_json::{Map, Value};

use crate::federation::person::Person;
use crate::json;
use crate::profile::{Editor, FieldKind, ProfileFields};

/// The profile fields that a first sign-in fills, each with the place of its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileMap(Vec<(String, Source)>);

/// A datum of a person at a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Name,
    Username,
    Picture,
    Locale,
}

impl Source {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "name" => Some(Self::Name),
            "username" => Some(Self::Username),
            "picture" => Some(Self::Picture),
            "locale" => Some(Self::Locale),
            _ => None,
        }
    }

    fn of(self, person: &Person) -> Option<&str> {
        let value = match self {
            Self::Name => &person.name,
            Self::Username => &person.username,
            Self::Picture => &person.picture,
            Self::Locale => &person.locale,
        };
        value.as_deref()
    }
}

impl ProfileMap {
    /// Parses a JSON object of profile fields and names of data.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let given: Map<String, Value> = json::from_str(text).ok()?;
        let sources = given
            .into_iter()
            .map(|(field, source)| Some((field, Source::parse(source.as_str()?)?)));
        Some(Self(sources.collect::<Option<_>>()?))
    }

    /// Returns the first field that is not declared as text.
    pub(crate) fn undeclared(&self, fields: &ProfileFields) -> Option<&str> {
        let is_text = |name: &str| {
            let mut fields = fields.iter();
            fields.any(|field| field.name == name && field.kind == FieldKind::String)
        };
        let mut names = self.0.iter().map(|(name, _)| name.as_str());
        names.find(|name| !is_text(name))
    }

    /// Returns the stored profile with the data of a person where it has no value. Data that break a rule of their field
    /// are left out.
    pub(crate) fn fill(&self, fields: &ProfileFields, stored: &str, person: &Person) -> String {
        let before: Map<String, Value> = json::from_str(stored).unwrap_or_default();
        let mut profile = stored.to_owned();
        for (name, source) in &self.0 {
            let value = source.of(person).filter(|_| !before.contains_key(name));
            let Some(value) = value else { continue };
            let mut given = Map::new();
            given.insert(name.clone(), value.into());
            if let Ok(filled) = fields.change(&profile, &given, Editor::Admin, false) {
                profile = filled;
            }
        }
        profile
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> ProfileFields {
        ProfileFields::parse(
            r#"[{"name": "language", "max_length": 5}, {"name": "photo", "editable_by": "admin"}, {"name": "age", "type": "integer"}]"#,
        )
        .unwrap()
    }

    fn person(locale: &str) -> Person {
        Person {
            provider: "acme".to_owned(),
            issuer: "https://op.example".to_owned(),
            subject: "1".to_owned(),
            email: None,
            email_verified: false,
            name: None,
            username: None,
            picture: Some("https://op.example/1.png".to_owned()),
            locale: Some(locale.to_owned()),
            auth_time: None,
            tokens: None,
        }
    }

    #[test]
    fn data_fill_the_fields_that_are_empty() {
        let map = ProfileMap::parse(r#"{"language": "locale", "photo": "picture"}"#).unwrap();
        assert_eq!(map.undeclared(&fields()), None);
        assert_eq!(
            map.fill(&fields(), "{}", &person("de")),
            r#"{"language":"de","photo":"https://op.example/1.png"}"#
        );
        assert_eq!(
            map.fill(&fields(), r#"{"photo":"mine"}"#, &person("too long")),
            r#"{"photo":"mine"}"#
        );
    }

    #[test]
    fn a_mapping_names_data_and_fields_of_text() {
        for text in ["[]", "x", r#"{"language": "email"}"#, r#"{"language": 1}"#] {
            assert_eq!(ProfileMap::parse(text), None, "{text}");
        }
        for (text, field) in [
            (r#"{"age": "name"}"#, "age"),
            (r#"{"city": "name"}"#, "city"),
        ] {
            let map = ProfileMap::parse(text).unwrap();
            assert_eq!(map.undeclared(&fields()), Some(field));
        }
    }
}

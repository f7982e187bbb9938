//! Variables: those of the application, and those of the component, which are derived from them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use auth_core::Settings;

use super::bindings::variables::Error;
use super::manifest::Variable;
use crate::settings::{DOT_ENV, read_env_file};

/// Prefix of environment variables that set application variables.
const PREFIX: &str = "SPIN_VARIABLE_";

/// Sources of variables besides the manifest: named values take precedence over the environment.
pub struct Given {
    /// Values by the name of an application variable.
    pub by_name: BTreeMap<String, String>,
    /// `SPIN_VARIABLE_*`.
    pub environment: BTreeMap<String, String>,
}

impl Given {
    /// Collects the named values, those of the environment, and those of `.env` in the current folder. A value can be
    /// empty.
    ///
    /// # Errors
    /// The file is malformed.
    pub fn new(by_name: BTreeMap<String, String>) -> Result<Self> {
        let mut environment = BTreeMap::new();
        if Path::new(DOT_ENV).exists() {
            environment.extend(read_env_file(Path::new(DOT_ENV))?);
        }
        environment.extend(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }));
        environment.retain(|name, _| name.starts_with(PREFIX));
        Ok(Self {
            by_name,
            environment,
        })
    }
}

/// Returns `.env` in the current folder, if it sets a variable, because it can contain secrets of the application.
pub fn file_of_secrets() -> Option<PathBuf> {
    let mut entries = dotenvy::from_path_iter(DOT_ENV).ok()?.flatten();
    let is_variable = |(name, _): (String, String)| name.starts_with(PREFIX);
    entries.any(is_variable).then(|| DOT_ENV.into())
}

/// Application variables with their values.
pub(super) struct Values(BTreeMap<String, String>);

impl Values {
    /// Returns the value of every declared variable. Like Spin, requires a value for each required one.
    pub(super) fn new(declared: BTreeMap<String, Variable>, mut given: Given) -> Result<Self> {
        let value = |(name, variable): (String, Variable)| {
            let environment = format!("{PREFIX}{}", name.to_ascii_uppercase());
            let value = given
                .by_name
                .remove(&name)
                .or_else(|| given.environment.remove(&environment))
                .or(variable.default)
                .with_context(|| format!("variable {name} is required: set {environment}"))?;
            Ok((name, value))
        };
        let values = declared.into_iter().map(value).collect::<Result<_>>()?;
        match given.by_name.keys().next() {
            Some(unknown) => bail!("the application has no variable {unknown:?}"),
            None => Ok(Self(values)),
        }
    }

    /// Replaces each `{{ name }}` with its value.
    pub(super) fn fill(&self, template: &str) -> Result<String> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after
                .split_once("}}")
                .with_context(|| format!("{template:?}: \"{{{{\" without \"}}}}\""))?;
            let name = name.trim();
            let value = self.0.get(name).with_context(|| {
                format!("{template:?}: the application has no variable {name:?}")
            })?;
            filled += before;
            filled += value;
            rest = after;
        }
        Ok(filled + rest)
    }
}

/// The state behind `spin:variables`.
pub(super) struct Variables(BTreeMap<String, String>);

impl Variables {
    pub(super) fn new(templates: BTreeMap<String, String>, values: &Values) -> Result<Self> {
        let filled = templates
            .into_iter()
            .map(|(name, template)| Ok((name, values.fill(&template)?)))
            .collect::<Result<_>>()?;
        Ok(Self(filled))
    }

    pub(super) fn get(&self, name: &str) -> Result<String, Error> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(allowed) {
            return Err(Error::InvalidName(name.to_owned()));
        }
        let undefined = || Error::Undefined(format!("the component has no variable {name}"));
        self.0.get(name).cloned().ok_or_else(undefined)
    }
}

impl Settings for Variables {
    async fn get(&self, name: &str) -> Result<Option<String>, String> {
        Ok(Self::get(self, &name.to_ascii_lowercase()).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn declared(text: &str) -> BTreeMap<String, Variable> {
        toml::from_str(text).unwrap()
    }

    fn values() -> Values {
        let given = Given {
            by_name: map(&[("a", "by name")]),
            environment: map(&[
                ("SPIN_VARIABLE_A", "not this"),
                ("SPIN_VARIABLE_B", "environment"),
                ("SPIN_VARIABLE_D", ""),
            ]),
        };
        let declared = declared(
            "a = { default = \"1\" }\nb = { required = true }\nc = { default = \"3\" }\nd = { default = \"4\" }",
        );
        Values::new(declared, given).unwrap()
    }

    #[test]
    fn a_name_comes_before_the_environment_before_the_default() {
        let filled = values().fill("{{a}}, {{ b }} and {{ c }}{{ d }}!").unwrap();
        assert_eq!(filled, "by name, environment and 3!");
        assert!(values().fill("{{ unknown }}").is_err());
        assert!(values().fill("{{ a").is_err());
    }

    #[test]
    fn what_is_required_and_not_given_is_named_and_what_is_given_has_to_be_declared() {
        let said = |by_name: &[_]| {
            let given = Given {
                by_name: map(by_name),
                environment: map(&[]),
            };
            let values = Values::new(declared("key = { required = true }"), given);
            values.err().unwrap().to_string()
        };
        assert_eq!(said(&[]), "variable key is required: set SPIN_VARIABLE_KEY");
        assert!(said(&[("key", "x"), ("kye", "x")]).contains("no variable \"kye\""));
    }

    #[test]
    fn a_component_sees_its_own_variables_alone() {
        let templates = map(&[("mine", "{{ a }}")]);
        let variables = Variables::new(templates, &values()).unwrap();
        assert_eq!(variables.get("mine").unwrap(), "by name");
        assert!(matches!(variables.get("a"), Err(Error::Undefined(_))));
        assert!(matches!(variables.get("UPPER"), Err(Error::InvalidName(_))));
    }
}

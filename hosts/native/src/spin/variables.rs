//! Variables: those of the application, and those of the component, which are made of them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};

use super::Given;
use super::manifest::Variable;
use super::spin_variables::Error;

/// Application variables with their values; none: required and not given.
pub(super) struct Values(BTreeMap<String, Option<String>>);

impl Values {
    pub(super) fn new(declared: BTreeMap<String, Variable>, mut given: Given) -> Self {
        let value = |(name, variable): (String, Variable)| {
            let environment = format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase());
            let value = given
                .by_name
                .remove(&name)
                .or_else(|| given.environment.remove(&environment))
                .or(variable.default);
            (name, value)
        };
        Self(declared.into_iter().map(value).collect())
    }

    /// Puts values in the place of `{{ name }}`; none when one of them is not given.
    pub(super) fn fill(&self, template: &str) -> Result<Option<String>> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after
                .split_once("}}")
                .with_context(|| format!("{template:?}: \"{{{{\" without \"}}}}\""))?;
            let name = name.trim();
            match self.0.get(name) {
                None => bail!("{template:?}: the application has no variable {name:?}"),
                Some(None) => return Ok(None),
                Some(Some(value)) => {
                    filled += before;
                    filled += value;
                }
            }
            rest = after;
        }
        Ok(Some(filled + rest))
    }
}

/// What `spin:variables` answers.
pub(super) struct Variables(BTreeMap<String, Option<String>>);

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
        match self.0.get(name) {
            Some(Some(value)) => Ok(value.clone()),
            Some(None) => Err(Error::Undefined(format!(
                "{name} is required and has no value"
            ))),
            None => Err(Error::Undefined(format!(
                "the component has no variable {name}"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        let declared: BTreeMap<String, Variable> =
            toml::from_str("a = { default = \"1\" }\nb = { default = \"2\" }\nc = { default = \"3\" }\nd = { required = true }")
                .unwrap();
        let map = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let given = Given {
            by_name: map(&[("a", "by name")]),
            environment: map(&[
                ("SPIN_VARIABLE_A", "not this"),
                ("SPIN_VARIABLE_B", "environment"),
            ]),
        };
        Values::new(declared, given)
    }

    #[test]
    fn a_name_comes_before_the_environment_before_the_default() {
        let filled = values().fill("{{a}}, {{ b }} and {{ c }}!").unwrap();
        assert_eq!(filled.as_deref(), Some("by name, environment and 3!"));
        assert_eq!(values().fill("x{{ d }}").unwrap(), None);
        assert!(values().fill("{{ unknown }}").is_err());
        assert!(values().fill("{{ a").is_err());
    }

    #[test]
    fn a_component_sees_its_own_variables_alone() {
        let templates = [("mine", "{{ a }}"), ("needed", "{{ d }}")];
        let templates = templates.map(|(name, template)| (name.to_owned(), template.to_owned()));
        let variables = Variables::new(templates.into(), &values()).unwrap();
        assert_eq!(variables.get("mine").unwrap(), "by name");
        assert!(matches!(variables.get("needed"), Err(Error::Undefined(_))));
        assert!(matches!(variables.get("a"), Err(Error::Undefined(_))));
        assert!(matches!(variables.get("UPPER"), Err(Error::InvalidName(_))));
    }
}

//! Spin's manifest, version 2, as far as one HTTP component needs it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The supported parts of a manifest.
pub(super) struct Manifest {
    pub(super) variables: BTreeMap<String, Variable>,
    pub(super) component: Component,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    spin_manifest_version: u32,
    #[serde(rename = "application")]
    _application: IgnoredAny,
    #[serde(default)]
    variables: BTreeMap<String, Variable>,
    trigger: Triggers,
    component: BTreeMap<String, Component>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Triggers {
    http: Vec<HttpTrigger>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpTrigger {
    route: String,
    component: String,
    #[serde(default, rename = "id")]
    _id: IgnoredAny,
}

/// An application variable.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Variable {
    pub(super) default: Option<String>,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default, rename = "secret")]
    _secret: bool,
    #[serde(default, rename = "description")]
    _description: IgnoredAny,
}

/// A component. Other fields are not supported.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Component {
    pub(super) source: PathBuf,
    #[serde(default)]
    pub(super) allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    pub(super) dependencies: BTreeMap<String, Dependency>,
    #[serde(default)]
    pub(super) dependencies_inherit_configuration: bool,
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) sqlite_databases: Vec<String>,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, String>,
    #[serde(default, rename = "build")]
    _build: IgnoredAny,
    #[serde(default, rename = "description")]
    _description: IgnoredAny,
    #[serde(default, rename = "tool")]
    _tool: IgnoredAny,
}

/// A component that provides imports.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dependency {
    pub(super) path: PathBuf,
}

impl Manifest {
    /// Reads a manifest.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("can't read the manifest {}", path.display()))?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    fn parse(text: &str) -> Result<Self> {
        let mut file: File = toml::from_str(text)?;
        if file.spin_manifest_version != 2 {
            bail!(
                "spin_manifest_version {} is not supported; use 2",
                file.spin_manifest_version
            );
        }
        let [trigger] = file.trigger.http.as_slice() else {
            bail!(
                "{} HTTP triggers; exactly one is supported",
                file.trigger.http.len()
            );
        };
        if trigger.route != "/..." {
            bail!("route {:?} is not supported; use \"/...\"", trigger.route);
        }
        if file.component.len() > 1 {
            bail!(
                "{} components; exactly one is supported",
                file.component.len()
            );
        }
        for (name, variable) in &file.variables {
            if variable.required == variable.default.is_some() {
                bail!("variable {name}: it must either have a default or be required");
            }
        }
        let component = file
            .component
            .remove(&trigger.component)
            .with_context(|| format!("there is no component {:?}", trigger.component))?;
        Ok(Self {
            variables: file.variables,
            component,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "x"
        [variables]
        key = { required = true, secret = true }
        [[trigger.http]]
        route = "/..."
        component = "auth"
        [component.auth]
        source = "auth.wasm"
        [component.auth.variables]
        key = "{{ key }}"
        [component.auth.build]
        command = "true"
    "#;

    #[test]
    fn what_is_not_supported_is_refused_and_named() {
        assert!(Manifest::parse(MANIFEST).is_ok());
        for (find, replace, message) in [
            ("version = 2", "version = 1", "spin_manifest_version 1"),
            ("\"/...\"", "\"/auth/...\"", "route \"/auth/...\""),
            (
                "component = \"auth\"",
                "component = \"b\"",
                "there is no component \"b\"",
            ),
            (
                "source =",
                "files = [\"x\"]\nsource =",
                "unknown field `files`",
            ),
            (
                "required = true",
                "default = \"\", required = true",
                "variable key",
            ),
            ("trigger.http", "trigger.redis", "unknown field `redis`"),
        ] {
            let text = MANIFEST.replacen(find, replace, 1);
            assert_ne!(text, MANIFEST);
            let error = Manifest::parse(&text).err().unwrap();
            assert!(format!("{error:#}").contains(message), "{error:#}");
        }
    }
}

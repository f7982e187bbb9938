//! Composes a component with the components that provide its imports.

#![forbid(unsafe_code)]

use anyhow::{Context as _, Result, bail};
use wac_graph::types::{Package, SubtypeChecker};
use wac_graph::{CompositionGraph, EncodeOptions};

/// A component that provides imports of another.
pub struct Provider {
    /// The component.
    pub component: Vec<u8>,
    /// The imports that it provides, in the form of Spin's manifest: an interface (`gatewright:auth/users@0.1.0`) or a
    /// package, which means all of its interfaces. The version is optional.
    pub provides: String,
}

/// Composes a component and its providers into one component. It has the exports of the component, and the imports that
/// no provider has.
///
/// # Errors
/// No import matches a provider, or a provider does not export the imported interface.
pub fn compose(component: Vec<u8>, providers: Vec<Provider>) -> Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let package = Package::from_bytes("composed", None, component, graph.types_mut())?;
    let package = graph.register_package(package)?;
    let world = graph[package].ty();
    let composed = graph.instantiate(package);
    let imports: Vec<_> = graph.types()[world].imports.keys().cloned().collect();
    let exports: Vec<_> = graph.types()[world].exports.keys().cloned().collect();
    for (index, provider) in providers.into_iter().enumerate() {
        let wanted: Vec<_> = imports
            .iter()
            .filter(|import| provides(&provider.provides, import))
            .collect();
        if wanted.is_empty() {
            bail!("the component has no import {}", provider.provides);
        }
        let name = format!("provider-{index}");
        let package = Package::from_bytes(&name, None, provider.component, graph.types_mut())?;
        let package = graph.register_package(package)?;
        let offered = graph[package].ty();
        let instance = graph.instantiate(package);
        for import in wanted {
            let types = graph.types();
            let offer = types[offered].exports.get(import).with_context(|| {
                format!(
                    "the provider of {} does not export {import}",
                    provider.provides
                )
            })?;
            let want = types[world].imports[import];
            SubtypeChecker::new(&mut Default::default())
                .is_subtype(*offer, types, want, types)
                .with_context(|| {
                    format!("the provider's {import} differs from the imported interface")
                })?;
            let export = graph.alias_instance_export(instance, import)?;
            graph.set_instantiation_argument(composed, import, export)?;
        }
    }
    for export in exports {
        let node = graph.alias_instance_export(composed, &export)?;
        graph.export(node, &export)?;
    }
    Ok(graph.encode(EncodeOptions::default())?)
}

/// Returns whether a name in a manifest means an import.
fn provides(name: &str, import: &str) -> bool {
    let (name, version) = name
        .split_once('@')
        .map_or((name, None), |(name, version)| (name, Some(version)));
    let (interface, import_version) = import
        .split_once('@')
        .map_or((import, None), |(interface, version)| {
            (interface, Some(version))
        });
    let package = interface.split_once('/').map_or("", |(package, _)| package);
    (name == interface || name == package) && version.is_none_or(|_| version == import_version)
}

#[cfg(test)]
mod tests {
    use super::provides;

    #[test]
    fn a_name_stands_for_an_interface_or_a_package_with_or_without_version() {
        let import = "gatewright:auth/users@0.1.0";
        for name in [
            import,
            "gatewright:auth/users",
            "gatewright:auth@0.1.0",
            "gatewright:auth",
        ] {
            assert!(provides(name, import), "{name}");
        }
        for name in [
            "gatewright:auth/users@0.2.0",
            "gatewright:auth/mail",
            "gatewright",
            "auth",
            "",
        ] {
            assert!(!provides(name, import), "{name}");
        }
    }
}

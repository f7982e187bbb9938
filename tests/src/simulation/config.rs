//! The configuration of simulations.

use std::collections::BTreeMap;

use auth_core::{Config, Settings};

/// Returns a configuration with cheap hashes and these settings.
pub fn config(settings: &[(&str, &str)]) -> Config {
    struct Map(BTreeMap<String, String>);
    impl Settings for Map {
        async fn get(&self, name: &str) -> Result<Option<String>, String> {
            Ok(self.0.get(name).cloned())
        }
    }
    let cheap = [
        ("SECRET_KEY", "0123456789abcdef0123456789abcdef"),
        ("ARGON2_MEMORY_KIB", "64"),
        ("ARGON2_ITERATIONS", "1"),
    ];
    let values = cheap
        .iter()
        .chain(settings)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    match futures::executor::block_on(Config::from_settings(&Map(values.collect()))) {
        Ok(config) => config,
        Err(error) => panic!("{error}"),
    }
}

//! Compiled components, shared by the hosts of a test run.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A host's compiled components, which let others start faster by seconds.
pub struct Compiled(PathBuf);

impl Compiled {
    /// Returns what the tests have compiled for a host so far.
    pub fn of(host: &str) -> Self {
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
        let components = [
            "components/service.wasm",
            "components/gatewright-spin.wasm",
            "components/gatewright-spin-postgres.wasm",
        ];
        let [native, spin, postgres] = components.map(|file| {
            let time = built.join(file).metadata().and_then(|file| file.modified());
            let since = time.map(|time| time.duration_since(UNIX_EPOCH).unwrap_or_default());
            since.unwrap_or_default().as_millis()
        });
        Self(built.join(format!(
            "tmp/compiled/{host}-{native:x}-{spin:x}-{postgres:x}"
        )))
    }

    /// Gives them to a host, unless it has a cache already. A file can be shared, so a test must not write to it.
    pub fn lend(&self, cache: &Path) {
        let Ok(files) = self.0.read_dir() else {
            return;
        };
        if !cache.exists() {
            let mut private = std::fs::DirBuilder::new();
            private.recursive(true).mode(0o700).create(cache).unwrap();
            for file in files {
                let file = file.unwrap();
                let lent = cache.join(file.file_name());
                let linked = std::fs::hard_link(file.path(), &lent);
                let _ = linked.or_else(|_| std::fs::copy(file.path(), lent).map(drop));
            }
        }
    }

    /// Keeps the components that a host has compiled.
    pub fn keep(&self, cache: &Path) {
        let Ok(files) = cache.read_dir() else {
            return;
        };
        std::fs::create_dir_all(&self.0).unwrap();
        for file in files {
            let file = file.unwrap();
            let kept = self.0.join(file.file_name());
            if kept.exists() || kept.extension().is_none_or(|kind| kind != "cwasm") {
                continue;
            }
            // Renamed into place, because others may copy it concurrently.
            let partial = tempfile::NamedTempFile::new_in(self.0.parent().unwrap()).unwrap();
            std::fs::copy(file.path(), partial.path()).unwrap();
            partial.persist(kept).unwrap();
        }
    }
}

//! `cargo xtask bench`.

use anyhow::Result;

pub(crate) fn run(_seconds: u64) -> Result<()> {
    Ok(())
}

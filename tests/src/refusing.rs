//! Storage whose calls fail on request.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use auth_core::storage::*;

/// Storage in which a function fails a given number of times.
pub struct Refusing<S> {
    storage: S,
    refused: Mutex<BTreeMap<&'static str, usize>>,
    lost: Mutex<BTreeMap<&'static str, usize>>,
}

impl<S> Refusing<S> {
    /// Creates storage that refuses nothing yet.
    pub fn new(storage: S) -> Self {
        Self {
            storage,
            refused: Mutex::default(),
            lost: Mutex::default(),
        }
    }

    /// Refuses the next calls of a function. Returns how many refusals were still pending.
    pub fn refuse(&self, function: &'static str, times: usize) -> usize {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.insert(function, times).unwrap_or_default()
    }

    /// Loses the answers of the next calls of a function, which do their work.
    pub fn lose_answer(&self, function: &'static str, times: usize) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.insert(function, times);
    }
}

/// Fails if failures of this function are pending.
fn look(
    failing: &Mutex<BTreeMap<&'static str, usize>>,
    function: &str,
) -> Result<(), StorageError> {
    let mut failing = failing.lock().unwrap_or_else(PoisonError::into_inner);
    match failing.get_mut(function) {
        Some(times) if *times > 0 => {
            *times -= 1;
            Err(StorageError::Unavailable("database is locked".to_owned()))
        }
        _ => Ok(()),
    }
}

macro_rules! pass_on {
    ($($noun:ident in $module:ident {
        $($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*
    })*) => {
        $(impl<S: $noun> $noun for Refusing<S> {
            $(async fn $name(&self, $($argument: $ty),*) -> Result<$output, StorageError> {
                look(&self.refused, stringify!($name))?;
                let answer = self.storage.$name($($argument),*).await;
                look(&self.lost, stringify!($name))?;
                answer
            })*
        })*
    };
}
auth_core::storage::storage_functions!(pass_on);

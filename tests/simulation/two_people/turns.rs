//! Tasks that take turns at each call of storage.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use auth_core::storage::*;
use futures::task::noop_waker;
use gatewright_tests::Unreliable;

use super::person::Numbers;

/// Storage that lets other tasks run before each call.
pub(super) struct Turns {
    /// The storage itself.
    pub(super) inner: Unreliable,
}

/// Lets other tasks run.
async fn turn() {
    let mut has_waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

macro_rules! forward {
    ($($noun:ident in $module:ident {
        $($name:ident($($argument:ident: $ty:ty),*) -> $answer:ty;)*
    })*) => {
        $(impl $noun for Turns {
            $(async fn $name(&self, $($argument: $ty),*) -> Result<$answer, StorageError> {
                turn().await;
                self.inner.$name($($argument),*).await
            })*
        })*
    };
}
auth_core::storage::storage_functions!(forward);

/// Runs tasks, each up to its next call of storage, in an order that the numbers decide.
pub(super) fn take_turns<T>(
    numbers: &mut Numbers,
    mut tasks: Vec<Pin<Box<dyn Future<Output = T> + '_>>>,
) -> Vec<T> {
    let waker = noop_waker();
    let mut context = Context::from_waker(&waker);
    let mut results: Vec<_> = tasks.iter().map(|_| None).collect();
    while results.iter().any(Option::is_none) {
        let next = numbers.below(tasks.len());
        if results[next].is_none()
            && let Poll::Ready(result) = tasks[next].as_mut().poll(&mut context)
        {
            results[next] = Some(result);
        }
    }
    results.into_iter().flatten().collect()
}

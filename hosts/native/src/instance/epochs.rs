//! Epochs: the times at which instances that compute yield.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Interval at which an instance yields.
const EPOCH: Duration = Duration::from_millis(1);
/// The number of epochs without work after which no further one begins.
const LAST: u32 = 20;

/// Begins an epoch every millisecond while instances work, so that an idle host sleeps.
#[derive(Clone, Default)]
pub(crate) struct Epochs(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Default)]
struct State {
    working: usize,
    sleeps: bool,
}

impl Epochs {
    fn lock(&self) -> MutexGuard<'_, State> {
        let state = self.0.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the thread that begins epochs.
    ///
    /// # Errors
    /// It can't be started.
    pub(crate) fn start(&self, mut begin: impl FnMut() + Send + 'static) -> std::io::Result<()> {
        let epochs = self.clone();
        let thread = std::thread::Builder::new().name("epoch".into());
        thread.spawn(move || {
            let mut idle = 0;
            loop {
                let mut state = epochs.lock();
                idle = if state.working == 0 { idle + 1 } else { 0 };
                if idle > LAST {
                    state.sleeps = true;
                    drop(epochs.0.woken.wait_while(state, |state| state.sleeps));
                    idle = 0;
                } else {
                    drop(state);
                }
                std::thread::sleep(EPOCH);
                begin();
            }
        })?;
        Ok(())
    }

    /// Returns the work of a new instance, which has begun: its creation.
    pub(super) fn work(&self) -> Work {
        let work = Work(Arc::new(WorkOfInstance {
            epochs: self.clone(),
            goes_on: AtomicBool::new(false),
        }));
        work.begin();
        work
    }
}

/// The work of an instance. It ends with the instance at the latest.
#[derive(Clone)]
pub(super) struct Work(Arc<WorkOfInstance>);

struct WorkOfInstance {
    epochs: Epochs,
    goes_on: AtomicBool,
}

impl Work {
    pub(super) fn begin(&self) {
        if !self.0.goes_on.swap(true, Ordering::Relaxed) {
            let mut state = self.0.epochs.lock();
            state.working += 1;
            if std::mem::take(&mut state.sleeps) {
                self.0.epochs.0.woken.notify_one();
            }
        }
    }

    pub(super) fn end(&self) {
        self.0.end();
    }
}

impl WorkOfInstance {
    fn end(&self) {
        if self.goes_on.swap(false, Ordering::Relaxed) {
            self.epochs.lock().working -= 1;
        }
    }
}

impl Drop for WorkOfInstance {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[test]
    fn epochs_begin_while_instances_work() {
        let epochs = Epochs::default();
        // Each epoch waits until it is received.
        let (sender, receiver) = sync_channel(0);
        let begin = move || {
            let _ = sender.send(());
        };
        epochs.start(begin).unwrap();
        let instance = epochs.work();
        for _ in 0..3 {
            let other = epochs.work();
            instance.begin();
            instance.end();
            for _ in 0..3 * LAST {
                receiver.recv().unwrap();
            }
            drop(other);
            let most = LAST as usize + 2;
            let last = (0..=most).take_while(|_| receiver.recv_timeout(EPOCH * 50).is_ok());
            assert!(last.count() <= most);
            instance.begin();
        }
    }
}

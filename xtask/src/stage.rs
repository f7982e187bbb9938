//! Stages of a long run. Several run at once; the output of each is printed in one piece, and its time in a table.

use std::fs::File;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Error, Result, bail};

use crate::process::{print_to, target};

/// Work that prints through [`crate::process::run`].
type StageWork<'a> = Box<dyn FnOnce() -> Result<()> + Send + 'a>;

/// Pairs a stage's name with its work.
pub(crate) fn stage<'a>(
    name: &'static str,
    work: impl FnOnce() -> Result<()> + Send + 'a,
) -> (&'static str, StageWork<'a>) {
    (name, Box::new(work))
}

/// The stages so far, with the time of each.
#[derive(Default)]
pub(crate) struct Stages {
    took: Mutex<Vec<(&'static str, Duration)>>,
}

impl Stages {
    /// Runs one stage, and prints its output immediately.
    pub(crate) fn one(&self, name: &'static str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        println!("xtask: {name}");
        let begun = Instant::now();
        let done = work();
        self.finished(name, begun.elapsed());
        done.with_context(|| name)
    }

    /// Runs several stages at once. The output of a stage is printed when it ends. All of them run to the end even if
    /// one fails; the error then names the failed ones.
    pub(crate) fn together(&self, stages: Vec<(&'static str, StageWork<'_>)>) -> Result<()> {
        let all = stages.len();
        self.by(all, stages)
    }

    /// Works like [`together`](Self::together), with this many stages at a time, in order.
    pub(crate) fn by(
        &self,
        places: usize,
        stages: Vec<(&'static str, StageWork<'_>)>,
    ) -> Result<()> {
        let folder = target().join("stages");
        std::fs::create_dir_all(&folder)?;
        let failed = Mutex::new(Vec::<Error>::new());
        let printing = Mutex::new(());
        let waiting = Mutex::new(stages.into_iter());
        std::thread::scope(|scope| {
            for _ in 0..places {
                scope.spawn(|| {
                    loop {
                        let next = lock(&waiting).next();
                        let Some((name, work)) = next else { break };
                        println!("xtask: {name}: started");
                        let begun = Instant::now();
                        let log = folder.join(format!("{}.log", name.replace(' ', "-")));
                        let done = File::create(&log)
                            .map(print_to)
                            .map_err(Error::from)
                            .and_then(|()| work());
                        self.finished(name, begun.elapsed());
                        let _printing = lock(&printing);
                        println!("xtask: {name}: ended after {} s", begun.elapsed().as_secs());
                        let text = std::fs::read(&log).unwrap_or_default();
                        let text = String::from_utf8_lossy(&text);
                        print!("{text}");
                        if let Err(error) = done {
                            println!("xtask: {name}: failed: {error:#}");
                            let tests = culprits(&text).join(", ");
                            let name = if tests.is_empty() {
                                name.to_owned()
                            } else {
                                format!("{name} [{tests}]")
                            };
                            lock(&failed).push(error.context(name));
                        }
                    }
                });
            }
        });
        let failed = failed
            .into_inner()
            .unwrap_or_else(|error| error.into_inner());
        match failed.as_slice() {
            [] => Ok(()),
            failed => {
                let failed: Vec<_> = failed.iter().map(|error| format!("{error:#}")).collect();
                bail!("{}", failed.join("; "))
            }
        }
    }

    /// Prints the time of each stage.
    pub(crate) fn print(&self) {
        println!("xtask: time of each stage");
        for (name, took) in lock(&self.took).iter() {
            println!("  {:>5} s  {name}", took.as_secs());
        }
    }

    fn finished(&self, name: &'static str, took: Duration) {
        lock(&self.took).push((name, took));
    }
}

/// Returns the tests that failed or did not end, by the output of Rust's test runner.
fn culprits(output: &str) -> Vec<&str> {
    let tests = || output.lines().filter_map(|line| line.strip_prefix("test "));
    let failed = tests().filter_map(|line| line.strip_suffix(" ... FAILED"));
    let slow = tests().filter_map(|line| line.split_once(" has been running for over "));
    let hung = slow.map(|(name, _)| name).filter(|name| {
        let mut results = tests().filter_map(|line| line.split_once(" ... "));
        !results.any(|(ended, _)| ended == *name)
    });
    failed.chain(hung).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_and_hung_tests_are_named() {
        let output = "test a::works ... ok
test a::fails ... FAILED
test a::is_slow has been running for over 60 seconds
test a::hangs has been running for over 60 seconds
test a::is_slow ... ok
";
        assert_eq!(culprits(output), ["a::fails", "a::hangs"]);
    }
}

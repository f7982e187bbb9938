//! Standard output and standard error. Either can be closed.

use std::io::{self, Write};

use anyhow::Result;

/// Runs a command that prints to `out`. A reader that closes it, such as `head`, ends the command without an error.
///
/// # Errors
/// Those of the command, and those of writing unless `out` is closed.
pub fn piped(
    out: &mut dyn Write,
    command: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    let mut out = Pipe { out, closed: false };
    let done = command(&mut out).and_then(|()| Ok(out.flush()?));
    match done {
        Err(error) if out.closed && is_broken_pipe(&error) => Ok(()),
        done => done,
    }
}

/// Writes a line to standard error, unless it is closed.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let mut reasons = error.chain();
    reasons.any(|reason| {
        let reason = reason.downcast_ref::<io::Error>();
        reason.is_some_and(|reason| reason.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Output that remembers whether its reader has closed it.
struct Pipe<'a> {
    out: &'a mut dyn Write,
    closed: bool,
}

impl Pipe<'_> {
    fn note<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &done {
            self.closed |= error.kind() == io::ErrorKind::BrokenPipe;
        }
        done
    }
}

impl Write for Pipe<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.out.write(bytes);
        self.note(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.out.flush();
        self.note(done)
    }
}

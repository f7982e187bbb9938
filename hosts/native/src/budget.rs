//! Memory limits of requests and responses in flight. Memory in use counts for each network that it belongs to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gatewright_http::ApiError;

/// Bytes, with the memory to release when they are dropped.
pub(crate) struct Owned<B, T>(pub(crate) B, pub(crate) T);

impl<B: AsRef<[u8]>, T> AsRef<[u8]> for Owned<B, T> {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref()
    }
}

/// A number of bytes that can be reserved.
pub(crate) struct Count {
    taken: AtomicUsize,
    max: usize,
}

impl Count {
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            taken: AtomicUsize::new(0),
            max,
        })
    }

    /// Total number of bytes.
    pub(crate) fn max(&self) -> usize {
        self.max
    }

    /// Returns the number of reserved bytes.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        if bytes > self.max {
            return false;
        }
        let taken = self.taken.fetch_add(bytes, Ordering::Relaxed);
        let fits = taken.saturating_add(bytes) <= self.max;
        if !fits {
            self.give(bytes);
        }
        fits
    }

    fn give(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The memory limits that apply to a connection: of its networks, narrowest first, and of all connections.
#[derive(Clone)]
pub(crate) struct Budget(Arc<[Arc<Count>]>);

impl Budget {
    /// Creates limits that apply together.
    pub(crate) fn of(counts: Arc<[Arc<Count>]>) -> Self {
        Self(counts)
    }

    /// Creates an empty reservation.
    pub(crate) fn begin(&self) -> Held {
        Held {
            budget: self.clone(),
            bytes: 0,
        }
    }
}

/// Reserved memory, released when dropped.
pub(crate) struct Held {
    budget: Budget,
    bytes: usize,
}

impl Held {
    /// Reserves more bytes.
    ///
    /// # Errors
    /// There is not enough memory left.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), ApiError> {
        let counts = &self.budget.0;
        if let Some(full) = counts.iter().position(|count| !count.take(bytes)) {
            for count in &counts[..full] {
                count.give(bytes);
            }
            return Err(ApiError::unavailable(1));
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for count in &*self.budget.0 {
            count.give(self.bytes);
        }
    }
}

/// Bytes that arrive in parts, with their reserved memory.
pub(crate) struct Buffer {
    whole: Vec<u8>,
    held: Held,
    free: usize,
}

impl Buffer {
    pub(crate) fn new(held: Held, free: usize) -> Self {
        Self {
            whole: Vec::new(),
            held,
            free,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.whole.len()
    }

    /// Reserves room for this many bytes in total.
    ///
    /// # Errors
    /// There is not enough memory for them.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<(), ApiError> {
        let has = self.whole.capacity();
        if bytes > has {
            let counted = |bytes: usize| bytes.saturating_sub(self.free);
            self.held.grow(counted(bytes) - counted(has))?;
            self.whole.reserve_exact(bytes - self.whole.len());
        }
        Ok(())
    }

    /// Appends a copy of a part, because a slice would keep the whole buffer of the connection.
    ///
    /// # Errors
    /// There is not enough memory for it.
    pub(crate) fn add(&mut self, data: &[u8]) -> Result<(), ApiError> {
        let needed = self.whole.len() + data.len();
        if needed > self.whole.capacity() {
            self.reserve(needed.max(2 * self.whole.len()))?;
        }
        self.whole.extend_from_slice(data);
        Ok(())
    }

    /// Returns the bytes with their reserved memory.
    pub(crate) fn finish(self) -> (Vec<u8>, Held) {
        (self.whole, self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_holds_what_it_has_allocated() {
        let count = Count::new(1000);
        let budget = Budget::of([count.clone()].into());
        let taken = || count.taken();
        let mut known = Buffer::new(budget.begin(), 0);
        known.reserve(300).unwrap();
        for _ in 0..3 {
            known.add(&[0; 100]).unwrap();
        }
        assert_eq!((taken(), known.whole.capacity()), (300, 300));
        let mut unknown = Buffer::new(budget.begin(), 40);
        for _ in 0..3 {
            unknown.add(&[0; 100]).unwrap();
        }
        assert_eq!((taken(), unknown.whole.capacity()), (300 + 360, 400));
        assert!(unknown.add(&[0; 500]).is_err() && unknown.reserve(usize::MAX).is_err());
        drop((known, unknown));
        assert_eq!(taken(), 0);
    }
}

//! How many orders a caller may add in a second.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

// tokio's clock, because a test can stop it.
use tokio::time::Instant;

/// So many orders may be added...
pub const LIMIT: u32 = 3;
/// ...in so much time.
pub const WINDOW: Duration = Duration::from_secs(1);

/// More callers than this at the same time are not told apart.
const MAX_CALLERS: usize = 10_000;

/// Counts each caller's orders, in windows that begin with the first one.
#[derive(Debug, Default)]
pub struct Quota {
    windows: Mutex<HashMap<String, Window>>,
}

#[derive(Debug)]
struct Window {
    end: Instant,
    count: u32,
}

impl Quota {
    /// Counts one more order of `caller`'s, or tells how long to wait before the next try.
    pub fn take(&self, caller: &str) -> Result<(), Duration> {
        let now = Instant::now();
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= MAX_CALLERS && !windows.contains_key(caller) {
            windows.retain(|_, window| window.end > now);
        }
        // A caller beyond the last that can be told apart shares a window with all the others.
        let full = windows.len() >= MAX_CALLERS && !windows.contains_key(caller);
        let caller = if full { "" } else { caller };
        let window = windows
            .entry(caller.to_owned())
            .or_insert_with(|| Window { end: now + WINDOW, count: 0 });
        if window.end <= now {
            *window = Window { end: now + WINDOW, count: 0 };
        }
        if window.count == LIMIT {
            return Err(window.end - now);
        }
        window.count += 1;
        Ok(())
    }
}

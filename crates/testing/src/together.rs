//! Two tasks that do something at the same moment.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tokio::task::yield_now;

/// Takes a step of two tasks: whoever comes first waits for the other.
///
/// They go on closer together than after a barrier, which wakes one task after the other.
pub async fn together(steps: &AtomicUsize) {
    let step = steps.fetch_add(1, SeqCst) / 2 + 1;
    while steps.load(SeqCst) < 2 * step {
        yield_now().await;
    }
}

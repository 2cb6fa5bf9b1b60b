//! Two tasks that do something at the same moment.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tokio::task::yield_now;

/// Returns when both of two tasks have called this with the same counter, as often as each other.
///
/// The tasks continue at nearly the same moment. After a [`tokio::sync::Barrier`] they do not,
/// because it wakes one task after the other.
pub async fn wait_for_both(calls: &AtomicUsize) {
    let round = calls.fetch_add(1, SeqCst) / 2 + 1;
    while calls.load(SeqCst) < 2 * round {
        yield_now().await;
    }
}

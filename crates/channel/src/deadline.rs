//! Deadlines: the time by which a call has to end, whatever it is waiting for. A deadline travels
//! as a timeout, in the header `grpc-timeout`, because the clocks of two machines differ.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::{Instant, timeout_at};
use tonic::Status;
use wire::timeout;

/// A call's deadline, if it has one.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(pub(crate) Option<Instant>);

impl Deadline {
    /// The deadline that the headers of a request ask for. The time starts now.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        // A timeout beyond the range of the clock is no deadline.
        Self(timeout::get(headers).and_then(|timeout| Instant::now().checked_add(timeout)))
    }

    /// How much time is left, or `None` if there is no deadline.
    #[must_use]
    pub fn left(self) -> Option<Duration> {
        self.0.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Writes the time that is left into the headers. Call this after the call has waited for a
    /// connection or another attempt, and not otherwise: HTTP/2 compresses a header that has the
    /// same value in each call.
    pub fn write(self, headers: &mut HeaderMap) {
        if let Some(left) = self.left() {
            headers.insert(timeout::HEADER, timeout::format(left));
        }
    }

    /// Waits for `work` until the deadline, and then fails with DEADLINE_EXCEEDED.
    pub async fn limit<T>(self, work: impl Future<Output = T>) -> Result<T, Status> {
        match self.0 {
            None => Ok(work.await),
            Some(deadline) => timeout_at(deadline, work).await.map_err(|_| exceeded()),
        }
    }
}

pub(crate) fn exceeded() -> Status {
    Status::deadline_exceeded("the deadline has passed")
}

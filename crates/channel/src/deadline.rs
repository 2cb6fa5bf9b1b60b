//! Deadlines: the time by which a call has to end, wherever it is then.
//!
//! Between processes a deadline travels as a timeout, in the header `grpc-timeout` (grpc/grpc,
//! `doc/PROTOCOL-HTTP2.md`), because their clocks differ. `tonic::Request::set_timeout` writes it.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tokio::time::{Instant, timeout_at};
use tonic::Status;

const GRPC_TIMEOUT: &str = "grpc-timeout";

/// A call's deadline, if it has one.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(pub(crate) Option<Instant>);

impl Deadline {
    /// The deadline that the headers ask for, from now on.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        // A deadline that no clock can show is none.
        Self(timeout(headers).and_then(|timeout| Instant::now().checked_add(timeout)))
    }

    /// Writes what is left of the time into the headers: some of it may have gone into waiting.
    pub fn write(self, headers: &mut HeaderMap) {
        let Some(deadline) = self.0 else { return };
        let left = deadline.saturating_duration_since(Instant::now());
        // Not for less than a millisecond: what changes with every call has to be sent in full, and
        // what does not is a reference to the call before.
        let gone = timeout(headers).map(|written| written.saturating_sub(left));
        if gone.is_none_or(|gone| gone >= Duration::from_millis(1)) {
            headers.insert(GRPC_TIMEOUT, format(left));
        }
    }

    /// Whether it will have passed when `delay` is over.
    #[must_use]
    pub fn passes_within(self, delay: Duration) -> bool {
        self.0
            .is_some_and(|deadline| deadline.saturating_duration_since(Instant::now()) <= delay)
    }

    /// Waits for `work`, until the deadline at most.
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

fn timeout(headers: &HeaderMap) -> Option<Duration> {
    parse(headers.get(GRPC_TIMEOUT)?.to_str().ok()?)
}

/// Reads a number of at most 8 digits with its unit.
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse::<u64>().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// Writes a timeout in the finest unit that its 8 digits allow.
fn format(timeout: Duration) -> HeaderValue {
    let units =
        [(timeout.as_nanos(), "n"), (timeout.as_micros(), "u"), (timeout.as_millis(), "m")];
    let fine = units.into_iter().find(|(number, _)| *number < 100_000_000);
    let (number, unit) = fine.unwrap_or((timeout.as_secs().min(99_999_999).into(), "S"));
    HeaderValue::try_from(format!("{number}{unit}"))
        .unwrap_or_else(|_| HeaderValue::from_static("99999999S"))
}

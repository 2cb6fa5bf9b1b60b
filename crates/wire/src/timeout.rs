//! The header `grpc-timeout`: how much time a call has left.
//!
//! A timeout and not a point in time, because the clocks of two machines differ. The value is a number
//! of at most 8 digits and a unit: `H` (hours), `M` (minutes), `S` (seconds), `m` (milliseconds), `u`
//! (microseconds) or `n` (nanoseconds).

use std::time::Duration;

use http::{HeaderMap, HeaderValue};

/// The name of the header.
pub const HEADER: &str = "grpc-timeout";

/// The longest timeout that [`format()`] writes, a little more than three years.
pub const MAX: Duration = Duration::from_secs(99_999_999);

/// Reads the timeout from a request's headers. `None` if there is none, or if it is invalid.
#[must_use]
pub fn get(headers: &HeaderMap) -> Option<Duration> {
    parse(headers.get(HEADER)?.to_str().ok()?)
}

/// Reads the value of the header, such as `250m`. `None` if it is invalid.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    // `u64::from_str` alone would also accept a `+`, and more digits.
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse::<u64>().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3_600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// Writes a timeout in the finest unit that fits into 8 digits. More than [`MAX`] becomes `MAX`.
///
/// It is rounded up, as in Go. Otherwise the peer could end the call, with another status, a moment before
/// the caller's own deadline.
#[must_use]
pub fn format(timeout: Duration) -> HeaderValue {
    let nanos = timeout.min(MAX).as_nanos();
    let units = [(1, "n"), (1_000, "u"), (1_000_000, "m"), (1_000_000_000, "S")];
    let mut numbers = units.map(|(size, unit)| (nanos.div_ceil(size), unit)).into_iter();
    let finest = numbers.find(|(number, _)| *number < 100_000_000);
    let (number, unit) = finest.unwrap_or((99_999_999, "S"));
    // Digits and a letter are always a valid value, so this error cannot occur.
    HeaderValue::try_from(format!("{number}{unit}"))
        .unwrap_or_else(|_| HeaderValue::from_static("99999999S"))
}

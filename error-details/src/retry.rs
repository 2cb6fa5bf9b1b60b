//! Trying again when, and only when, the server says when.

use std::time::Duration;

use launcher::{describe, transcript};
use tonic::{Response, Status};
use tonic_types::StatusExt;

/// How often a call is tried.
const ATTEMPTS: u32 = 3;
/// A server that wants more patience than this gets none.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// Makes `call`, and makes it again as long as its status has a `RetryInfo`, after just the delay
/// that this names; at most three times, and not after a delay of more than 10 s.
///
/// The errors are those of the last try.
pub async fn obeying<T>(
    mut call: impl AsyncFnMut() -> Result<Response<T>, Status>,
) -> Result<Response<T>, Status> {
    for _ in 1..ATTEMPTS {
        let status = match call().await {
            Ok(response) => return Ok(response),
            Err(status) => status,
        };
        let delay = status.get_details_retry_info().and_then(|retry| retry.retry_delay);
        match delay {
            Some(delay) if delay <= MAX_WAIT => {
                transcript!(client, "{}; trying again after {delay:.1?}", describe(&status));
                tokio::time::sleep(delay).await;
            }
            _ => return Err(status),
        }
    }
    call().await
}

//! 3. Back off.

use std::time::Duration;

use error_details::client::obeying;
use tokio::time::Instant;
use tonic::{Code, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// Calls a server that fails with `fail(attempt)`, and succeeds if there is nothing to fail with.
/// Returns the time of each attempt in ms.
async fn attempts(mut fail: impl FnMut(usize) -> Option<Status>) -> Vec<u128> {
    let (start, mut times) = (Instant::now(), Vec::new());
    let result = obeying(async || {
        times.push(start.elapsed().as_millis());
        fail(times.len()).map_or(Ok(Response::new(())), Err)
    });
    let _ = result.await;
    times
}

#[expect(clippy::unnecessary_wraps, reason = "as `attempts` takes it")]
fn unavailable() -> Option<Status> {
    Some(Status::unavailable("no server"))
}

/// A status with a `RetryInfo`.
#[expect(clippy::unnecessary_wraps, reason = "as `attempts` takes it")]
fn later(code: Code, seconds: u64) -> Option<Status> {
    let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(seconds)));
    Some(Status::with_error_details(code, "later", details))
}

#[tokio::test(start_paused = true)]
#[ignore = "an exercise"]
async fn exercise_3_a_call_to_an_unavailable_server_is_repeated() {
    let times = attempts(|attempt| unavailable().filter(|_| attempt < 4)).await;
    assert_eq!(times, [0, 100, 300, 700], "wait 100, 200 and 400 ms when there is no server");
    let times = attempts(|_| unavailable()).await;
    assert_eq!(times, [0, 100, 300, 700], "give up after the fourth attempt");

    let times = attempts(|_| later(Code::ResourceExhausted, 5)).await;
    assert_eq!(times, [0, 5_000, 10_000], "obey a RetryInfo as before, with three attempts");
    let times = attempts(|_| later(Code::Unavailable, 5)).await;
    assert_eq!(times, [0, 5_000, 10_000], "obey the RetryInfo of an UNAVAILABLE too");
    let times = attempts(|_| later(Code::Unavailable, 3_600)).await;
    assert_eq!(times, [0], "an hour is too long to wait");

    for code in (1..=16).map(Code::from).filter(|code| *code != Code::Unavailable) {
        let times = attempts(|_| Some(Status::new(code, "no"))).await;
        assert_eq!(times, [0], "without a RetryInfo, {code:?} must not be repeated");
    }
}

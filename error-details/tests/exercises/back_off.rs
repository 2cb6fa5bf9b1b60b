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
    assert_eq!(times, [0, 100, 300, 700], "the waits are not 100, 200 and 400 ms");
    let times = attempts(|_| unavailable()).await;
    assert_eq!(times, [0, 100, 300, 700], "it does not give up after the fourth attempt");

    for code in [Code::Unavailable, Code::ResourceExhausted] {
        let times = attempts(|_| later(code, 5)).await;
        assert_eq!(times, [0, 5_000, 10_000], "a RetryInfo is not obeyed as before");
        assert_eq!(attempts(|_| later(code, 3_600)).await, [0], "an hour is too long to wait");
    }

    let mixed = |attempt| match attempt % 2 {
        0 => later(Code::ResourceExhausted, 1),
        _ => unavailable(),
    };
    assert_eq!(attempts(mixed).await.len(), 4, "all attempts of a call do not count together");

    for code in (1..=16).map(Code::from).filter(|code| *code != Code::Unavailable) {
        let times = attempts(|_| Some(Status::new(code, "no"))).await;
        assert_eq!(times, [0], "{code:?} is repeated although it has no RetryInfo");
    }
}

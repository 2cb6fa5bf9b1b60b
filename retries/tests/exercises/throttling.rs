//! 2. Throttling.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use channel::{Backoff, Channel, Names};
use proto::echo::{EchoRequest, echo_client::EchoClient};
use retries::{
    client::UNARY_ECHO,
    retries::{Retries, RetryPolicy},
};

use crate::backend::{Backend, REFUSED};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_when_most_calls_fail_they_are_not_repeated() {
    let backend = Backend::start().await;
    let channel = Channel::to(&format!("ipv4:{}", backend.addr), &Names::new());
    let channel = channel.expect("it is a target").build();
    let delay = Duration::from_millis(1);
    let backoff = Backoff { initial: delay, max: delay, ..Backoff::default() };
    let policy = RetryPolicy { backoff, ..RetryPolicy::default() };
    let client = EchoClient::new(Retries::new(channel).unary(UNARY_ECHO, policy));
    // Makes some calls that all end with this status, and returns how many attempts there were.
    let attempts = async |status: usize, calls: usize| {
        backend.status.store(status, SeqCst);
        let before = backend.attempts.load(SeqCst);
        for _ in 0..calls {
            // The clones share their tokens.
            let _ = client.clone().unary_echo(EchoRequest::default()).await;
        }
        backend.attempts.load(SeqCst) - before
    };
    assert_eq!(attempts(0, 100).await, 100, "more than 200 tokens do not exist");
    // One more attempt, because the first repetition does not count.
    assert_eq!(attempts(REFUSED, 50).await, 250, "a refused call takes no token");
    assert_eq!(attempts(14, 1).await, 4, "all 4 attempts are allowed, and 196 tokens are left");
    assert_eq!(attempts(14, 24).await, 96, "after the last of these attempts, 100 are left");
    assert_eq!(attempts(14, 1).await, 1, "99 tokens are left, and a retry needs more than 100");
    assert_eq!(attempts(14, 120).await, 120, "0 tokens are left, and not less than that");
    assert_eq!(attempts(5, 10).await, 10, "NOT_FOUND neither takes nor returns a token");
    assert_eq!(attempts(0, 1_010).await, 1_010, "each success returns 0.1: now there are 101");
    assert_eq!(attempts(14, 1).await, 1, "after the first attempt 100 are left");
    assert_eq!(attempts(0, 11).await, 11, "now there are 101.1");
    assert_eq!(attempts(14, 1).await, 2, "after the first attempt 100.1 are left, then 99.1");
}

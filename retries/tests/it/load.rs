//! A backend is killed, drained and hangs while 64 calls are in flight.

use std::time::Duration;

use channel::{Backoff, Keepalive, PickFirst, Policy, RoundRobin, load};
use futures::FutureExt;
use retries::{
    client::{channel, echo, stub},
    tour::Backend,
};
use tokio::sync::watch;
use tonic::{Code, Status};

/// Enough that most calls overlap with the event. Without optimizations, calls take longer.
const CALLS: usize = if cfg!(debug_assertions) { 900 } else { 6_000 };
const CALLERS: usize = 64;
/// Long, because other tests may keep the processors busy.
const DEADLINE: Duration = Duration::from_secs(10);

/// The failures of calls to three backends. `happen` is called with the first after a third of the
/// calls. If it ends the backend, that is started again after two thirds.
async fn failures(
    policy: impl Policy,
    max_attempts: u32,
    happen: impl AsyncFnOnce(&mut Backend) -> Result<(), launcher::Error>,
) -> (Vec<Status>, String) {
    let mut backends = Vec::new();
    for _ in 0..3 {
        backends.push(Backend::start("127.0.0.1:0").await.expect("there is a free port"));
    }
    let addrs = backends.iter().map(|backend| backend.addr.to_string()).collect::<Vec<_>>();
    let millisecond = Duration::from_millis(1);
    let backoff = Backoff { initial: 20 * millisecond, ..Backoff::default() };
    let keepalive = Keepalive { interval: 500 * millisecond, timeout: 500 * millisecond };
    let mut builder = channel(&addrs).expect("these are addresses").policy(policy);
    if max_attempts > 1 {
        builder = builder.keepalive(keepalive);
    }
    let stub = stub(builder.backoff(backoff), max_attempts);

    let mut failures = Vec::new();
    let (count, mut progress) = watch::channel(0);
    let calls = load(
        CALLS,
        CALLERS,
        || echo(stub.clone(), DEADLINE, false),
        |result| {
            failures.extend(result.err());
            count.send_modify(|ended| *ended += 1);
        },
    );
    let victim = &mut backends[0];
    let event = async {
        progress.wait_for(|ended| *ended >= CALLS / 3).await.expect("there is load");
        happen(victim).await.expect("the event happens");
        progress.wait_for(|ended| *ended >= CALLS * 2 / 3).await.expect("there is load");
        victim.restart().await.expect("the port is free again");
    };
    tokio::join!(calls, event).0.expect("no call panics");
    (failures, addrs[0].clone())
}

fn assert_none(failures: &[Status]) {
    assert!(failures.is_empty(), "{} failed, the first: {:?}", failures.len(), failures[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn round_robin_loses_no_call_when_a_backend_is_killed() {
    assert_none(&failures(RoundRobin::default(), 4, Backend::kill).await.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pick_first_loses_no_call_when_its_backend_is_killed() {
    assert_none(&failures(PickFirst::default(), 4, Backend::kill).await.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_lost_when_a_backend_is_drained_even_without_retries() {
    assert_none(&failures(RoundRobin::default(), 1, Backend::drain).await.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_lost_when_a_backend_hangs() {
    // It hangs for longer than the deadline, and the test does not wait until it continues.
    let hang = async |victim: &mut Backend| {
        let _ = victim.hang(2 * DEADLINE).now_or_never();
        Ok(())
    };
    assert_none(&failures(RoundRobin::default(), 4, hang).await.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_retries_only_the_calls_in_flight_to_a_killed_backend_fail() {
    let (failures, victim) = failures(RoundRobin::default(), 1, Backend::kill).await;
    // `lost.rs` shows that a call in flight does fail. Here there may be none by chance.
    assert!(failures.len() <= CALLERS, "{} failed", failures.len());
    let lost = format!("the connection to {victim} was lost: ");
    for failure in failures {
        assert_eq!(failure.code(), Code::Unavailable, "{failure:?}");
        assert!(failure.message().starts_with(&lost), "{failure:?}");
    }
}

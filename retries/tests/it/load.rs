//! A backend is killed, drained and hangs while 64 calls are in flight.

use std::{net::SocketAddr, time::Duration};

use channel::{Backoff, Keepalive, PickFirst, Policy, RoundRobin, load};
use proto::echo::echo_client::EchoClient;
use retries::{
    client::{UNARY_ECHO, channel, echo},
    in_process::Backend,
    retries::{Retries, RetryPolicy},
};
use tokio::{sync::watch, time::sleep};
use tonic::{Code, Status};

const CALLS: usize = 6_000;
const CALLERS: usize = 64;
const DEADLINE: Duration = Duration::from_secs(2);

/// The failures of calls to three backends. `happen` is called with the first after a third of the
/// calls, and `restart` says whether it is started again after two thirds.
async fn failures(
    policy: impl Policy,
    max_attempts: u32,
    happen: impl AsyncFnOnce(&mut Backend),
    restart: bool,
) -> (Vec<Status>, String) {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut backends = [(); 3].map(|()| Backend::start(free).expect("there is a free port"));
    let addrs = backends.each_ref().map(|backend| backend.addr.to_string());
    let millisecond = Duration::from_millis(1);
    let backoff = Backoff { initial: 20 * millisecond, ..Backoff::default() };
    let keepalive = Keepalive { interval: 200 * millisecond, timeout: 200 * millisecond };
    let builder = channel(&addrs).expect("these are addresses");
    let channel = builder.policy(policy).backoff(backoff).keepalive(keepalive).build();
    channel.connected().await;
    let policy = RetryPolicy { max_attempts, ..RetryPolicy::default() };
    let stub = EchoClient::new(Retries::new(channel).unary(UNARY_ECHO, policy));

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
        happen(victim).await;
        progress.wait_for(|ended| *ended >= CALLS * 2 / 3).await.expect("there is load");
        if restart {
            victim.restart().expect("the port is free again");
        }
    };
    tokio::join!(calls, event).0.expect("no call panics");
    (failures, addrs[0].clone())
}

fn assert_none(failures: &[Status]) {
    assert!(failures.is_empty(), "{} failed, the first: {:?}", failures.len(), failures[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn round_robin_loses_no_call_when_a_backend_is_killed() {
    let kill = async |victim: &mut Backend| victim.kill().await.expect("it ends");
    assert_none(&failures(RoundRobin::default(), 4, kill, true).await.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pick_first_loses_no_call_when_its_backend_is_killed() {
    let kill = async |victim: &mut Backend| victim.kill().await.expect("it ends");
    assert_none(&failures(PickFirst::default(), 4, kill, true).await.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_lost_when_a_backend_is_drained_even_without_retries() {
    let drain = async |victim: &mut Backend| victim.drain().await.expect("it ends");
    assert_none(&failures(RoundRobin::default(), 1, drain, true).await.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_lost_when_a_backend_hangs() {
    // If it were shorter than the deadline, no call could fail.
    let time = DEADLINE + Duration::from_secs(1);
    let hang = async |victim: &mut Backend| {
        victim.hang(time);
        sleep(time).await;
    };
    assert_none(&failures(RoundRobin::default(), 4, hang, false).await.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_retries_only_the_calls_in_flight_to_a_killed_backend_fail() {
    let kill = async |victim: &mut Backend| victim.kill().await.expect("it ends");
    let (failures, victim) = failures(RoundRobin::default(), 1, kill, true).await;
    // `lost.rs` shows that a call in flight does fail. Here there may be none by chance.
    assert!(failures.len() <= CALLERS, "{} failed", failures.len());
    let lost = format!("the connection to {victim} was lost: ");
    for failure in failures {
        assert_eq!(failure.code(), Code::Unavailable, "{failure:?}");
        assert!(failure.message().starts_with(&lost), "{failure:?}");
    }
}

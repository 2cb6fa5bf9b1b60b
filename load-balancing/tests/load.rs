//! A backend is killed, and brought back, while 64 callers are at work.

use std::time::Duration;

use channel::{Backoff, Channel, Names, PickFirst, Policy, RoundRobin};
use load_balancing::{
    in_process::InProcess,
    load::load,
    retries::Retries,
    stub::{Stub, repeating, stub},
};
use tokio::sync::watch;
use tonic::{Code, Status};

const CALLS: usize = 6_000;
const CALLERS: usize = 64;

/// The failures of calls to three backends, of which the first is killed after a third of the calls and
/// is back after two thirds, and its address.
async fn failures(
    policy: impl Policy,
    stub: impl FnOnce(Channel) -> Stub,
) -> (Vec<Status>, String) {
    let backends = (0..3).map(|_| InProcess::start().expect("there is a free port"));
    let mut backends = backends.collect::<Vec<_>>();
    let addrs = backends.iter().map(|backend| backend.addr().to_string()).collect::<Vec<_>>();
    let target = format!("ipv4:{}", addrs.join(","));
    let backoff = Backoff { initial: Duration::from_millis(20), ..Backoff::default() };
    let builder = Channel::to(&target, &Names::new()).expect("it is a target");
    let channel = builder.policy(policy).backoff(backoff).build();
    channel.connected().await;
    let stub = stub(channel);

    let mut failures = Vec::new();
    let mut ended = 0;
    let (count, mut progress) = watch::channel(0);
    let calls = load(&stub, CALLS, CALLERS, async |answer| {
        failures.extend(answer.err());
        ended += 1;
        count.send_replace(ended);
    });
    let victim = &mut backends[0];
    let kill = async {
        progress.wait_for(|ended| *ended >= CALLS / 3).await.expect("there is load");
        victim.kill().await;
        progress.wait_for(|ended| *ended >= CALLS * 2 / 3).await.expect("there is load");
        victim.restart().expect("the port is free again");
    };
    tokio::join!(calls, kill);

    (failures, addrs[0].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_method_that_may_be_repeated_no_call_fails() {
    let (failures, _) = failures(RoundRobin::default(), repeating).await;
    assert!(failures.is_empty(), "{} failed, the first with {:?}", failures.len(), failures[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pick_first_loses_no_such_call_either_when_its_backend_is_killed() {
    let (failures, _) = failures(PickFirst::default(), repeating).await;
    assert!(failures.is_empty(), "{} failed, the first with {:?}", failures.len(), failures[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_method_that_may_not_only_those_fail_that_were_in_flight() {
    let (failures, victim) =
        failures(RoundRobin::default(), |channel| stub(Retries::new(channel))).await;
    // That those which are in flight do fail, `channel/lost.rs` says, where none is by chance.
    assert!(failures.len() <= CALLERS, "{} failed", failures.len());
    let lost = format!("the connection to {victim} was lost: ");
    for failure in failures {
        assert_eq!(failure.code(), Code::Unavailable, "{failure:?}");
        assert!(failure.message().starts_with(&lost), "{failure:?}");
    }
}

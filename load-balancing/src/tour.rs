//! Both sides in one process: who gets the calls, each way, and what is lost with a backend.

use std::time::Duration;

use launcher::{Error, transcript};
use tokio::{sync::watch, time::timeout};

use crate::{
    client::{TARGET, names},
    in_process::InProcess,
    load::load,
    stub::{Stub, balance_list, one_connection, repeating, stub},
    tally::Tally,
};
use channel::{Backoff, Channel, PickFirst, Policy, RoundRobin};

/// How many calls show who gets them.
const CALLS: usize = 300;

/// How many calls are made around a kill, and how many at a time.
const UNDER_LOAD: usize = 6_000;
const CALLERS: usize = 64;

/// Starts three backends, calls them each way, and kills the first of them meanwhile.
pub async fn run() -> Result<(), Error> {
    let mut victim = InProcess::start()?;
    let others = [InProcess::start()?, InProcess::start()?];
    let addrs = [&victim, &others[0], &others[1]].map(|backend| backend.addr().to_string());
    for addr in &addrs {
        transcript!(server, "listening on {addr}");
    }
    let one_connection = one_connection(&addrs[0])?;
    let balance_list = balance_list(&addrs)?;
    let pick_first = channel(&addrs, PickFirst::default()).await?;
    let round_robin = channel(&addrs, RoundRobin::default()).await?;

    for (way, stub) in [
        ("one connection", &one_connection),
        ("balance_list", &balance_list),
        ("pick_first", &stub(pick_first.clone())),
        ("round_robin", &stub(round_robin.clone())),
    ] {
        transcript!(client, "{way}, {CALLS} calls");
        show(stub, &addrs).await;
    }

    transcript!(
        client,
        "{UNDER_LOAD} calls, {CALLERS} at a time; the first backend is killed, and comes back"
    );
    let repeating_round_robin = repeating(round_robin.clone());
    for (way, stub) in [
        ("one connection", &one_connection),
        ("balance_list", &balance_list),
        ("pick_first", &stub(pick_first)),
        ("pick_first, with retries", &repeating(channel(&addrs, PickFirst::default()).await?)),
        ("round_robin", &stub(round_robin)),
        ("round_robin, with retries", &repeating_round_robin),
    ] {
        let failed = kill_under_load(stub, &mut victim).await?;
        transcript!(client, "  {way:<26}{failed} of {UNDER_LOAD} calls failed");
    }

    let back = wait_for(&repeating_round_robin, &addrs[0]);
    timeout(Duration::from_secs(10), back).await?;
    transcript!(client, "round_robin, {CALLS} calls, now that it is back");
    show(&repeating_round_robin, &addrs).await;
    Ok(())
}

/// A channel to the backends under the book's name. It reconnects sooner than gRPC does, so that
/// nobody has to wait.
async fn channel(addrs: &[String], policy: impl Policy) -> Result<Channel, Error> {
    let backoff = Backoff { initial: Duration::from_millis(50), ..Backoff::default() };
    let channel = Channel::to(TARGET, &names(addrs))?.policy(policy).backoff(backoff).build();
    channel.connected().await;
    Ok(channel)
}

/// Makes some calls, one after the other, and shows who answered them.
async fn show(stub: &Stub, addrs: &[String]) {
    let mut tally = Tally::of(addrs);
    load(stub, CALLS, 1, async |answer| tally.add(answer)).await;
    for bar in tally.bars() {
        transcript!(client, "{bar}");
    }
}

/// Kills the backend when a third of the calls have ended, and starts it again after another third.
/// Returns how many calls failed.
async fn kill_under_load(stub: &Stub, victim: &mut InProcess) -> Result<usize, Error> {
    let mut tally = Tally::default();
    let (ended, mut progress) = watch::channel(0);
    let calls = load(stub, UNDER_LOAD, CALLERS, async |answer| {
        tally.add(answer);
        ended.send_replace(tally.calls());
    });
    let kill = async {
        progress.wait_for(|ended| *ended >= UNDER_LOAD / 3).await?;
        victim.kill().await;
        progress.wait_for(|ended| *ended >= UNDER_LOAD * 2 / 3).await?;
        victim.restart()?;
        Ok::<_, Error>(())
    };
    tokio::join!(calls, kill).1?;
    Ok(tally.failed)
}

/// Makes calls until this backend answers one.
async fn wait_for(stub: &Stub, addr: &str) {
    let mut tally = Tally::default();
    while !tally.answered.iter().any(|(backend, _)| backend == addr) {
        load(stub, 1, 1, async |answer| tally.add(answer)).await;
    }
}

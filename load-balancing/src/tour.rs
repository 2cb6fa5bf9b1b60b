//! Both sides in one process: who gets the calls, each way, and what it costs when a backend is
//! killed.

use std::time::Duration;

use launcher::Error;
use tokio::sync::watch;
use tracing::info;

use crate::{
    backoff::Backoff,
    channel::Channel,
    client::{TARGET, names},
    in_process::InProcess,
    load::load,
    pick_first::PickFirst,
    policy::Policy,
    round_robin::RoundRobin,
    stub::{Stub, balance_list, one_connection, repeating},
    tally::Tally,
};

const BACKENDS: usize = 3;
/// How many calls show who gets them.
const CALLS: usize = 300;
/// How many calls are made around a kill, and how many at a time.
const UNDER_LOAD: usize = 6_000;
const CALLERS: usize = 64;

/// Starts three backends, and calls them each way.
pub async fn run() -> Result<(), Error> {
    let mut backends = Vec::new();
    for _ in 0..BACKENDS {
        let backend = InProcess::start()?;
        info!(target: "server", "listening on {}", backend.addr());
        backends.push(backend);
    }
    let addrs = backends.iter().map(|backend| backend.addr().to_string()).collect::<Vec<_>>();
    let ways = [
        ("one connection", one_connection(&addrs[0])?),
        ("pick_first", repeating(channel(&addrs, PickFirst::default()).await?)),
        ("balance_list", balance_list(&addrs)?),
        ("round_robin", repeating(channel(&addrs, RoundRobin::default()).await?)),
    ];

    info!(target: "client", "{CALLS} calls, one after the other");
    for (name, stub) in &ways {
        info!(target: "client", "{name}");
        let mut tally = Tally::of(&addrs);
        load(stub, CALLS, 1, async |answer| tally.add(answer)).await;
        tally.bars().iter().for_each(|bar| info!(target: "client", "{bar}"));
    }

    let victim = &mut backends[0];
    info!(target: "client", "{UNDER_LOAD} calls, {CALLERS} at a time, and a backend is killed meanwhile");
    for (name, stub) in &ways {
        let failed = kill_under_load(stub, victim).await?;
        info!(target: "client", "{name}: {failed} of {UNDER_LOAD} calls failed");
    }
    Ok(())
}

/// Kills the backend when a third of the calls have ended, and brings it back after another. Returns
/// how many calls failed.
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

/// A channel to the backends, with the name from the book. It reconnects sooner than gRPC does, so
/// that nobody has to wait here.
async fn channel(addrs: &[String], policy: impl Policy) -> Result<Channel, Error> {
    let backoff = Backoff { initial: Duration::from_millis(50), ..Backoff::default() };
    let channel = Channel::to(TARGET, &names(addrs))?.policy(policy).backoff(backoff).build();
    channel.connected().await;
    Ok(channel)
}

//! Both sides in one process: a backend is killed, drained and hangs under load, and the calls are
//! made without and with retries.

use std::{net::SocketAddr, time::Duration};

use channel::{Backoff, Channel, Keepalive, RoundRobin, load};
use launcher::{Error, transcript};
use proto::echo::echo_client::EchoClient;
use tokio::{sync::watch, time::sleep};

use crate::{
    client::{Stub, UNARY_ECHO, channel, echo},
    in_process::Backend,
    retries::{Retries, RetryPolicy},
};

/// How many calls are made around each event, and how many at a time.
const CALLS: usize = 6_000;
const CONCURRENCY: usize = 64;

/// The deadline of each call, and how long the backend hangs.
const DEADLINE: Duration = Duration::from_secs(1);
const HANG: Duration = Duration::from_secs(2);

/// What happens to the backend.
const KILLED: &str = "killed and restarted";
const DRAINED: &str = "drained and restarted";
const HANGS: &str = "hangs for 2 s";

/// Makes calls without and with retries while something happens to a backend.
pub async fn run() -> Result<(), Error> {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut victim = Backend::start(free)?;
    let others = [Backend::start(free)?, Backend::start(free)?];
    let addrs = [&victim, &others[0], &others[1]].map(|backend| backend.addr.to_string());
    for addr in &addrs {
        transcript!(server, "listening on {addr}");
    }
    transcript!(client, "{CALLS} calls in each line, {CONCURRENCY} at a time");
    for event in [KILLED, DRAINED, HANGS] {
        for (retries, with) in [(false, "without retries"), (true, "with retries")] {
            let failed = calls_during(event, &mut victim, stub(&addrs, retries).await?).await?;
            transcript!(client, "  {event}, {with}: {failed} of {CALLS} calls failed");
        }
    }
    Ok(())
}

/// A stub over `round_robin`, with or without retries and keepalive.
async fn stub(addrs: &[String], retries: bool) -> Result<Stub, Error> {
    // All times are short, so that nobody has to wait for the tour.
    let (interval, timeout) = (DEADLINE / 5, DEADLINE / 5);
    let backoff = Backoff { initial: DEADLINE / 20, ..Backoff::default() };
    let mut builder = channel(addrs)?.policy(RoundRobin::default()).backoff(backoff);
    if retries {
        builder = builder.keepalive(Keepalive { interval, timeout });
    }
    let channel: Channel = builder.build();
    channel.connected().await;
    let max_attempts = if retries { 4 } else { 1 };
    let policy = RetryPolicy { max_attempts, ..RetryPolicy::default() };
    Ok(EchoClient::new(Retries::new(channel).unary(UNARY_ECHO, policy)))
}

/// Makes the calls. The event happens after a third of them, and is over after another third.
/// Returns how many failed.
async fn calls_during(event: &str, victim: &mut Backend, stub: Stub) -> Result<usize, Error> {
    let (count, mut progress) = watch::channel(0);
    let mut failed = 0;
    let call = || echo(stub.clone(), DEADLINE, false);
    let calls = load(CALLS, CONCURRENCY, call, |result| {
        failed += usize::from(result.is_err());
        count.send_modify(|ended| *ended += 1);
    });
    let happens = async {
        progress.wait_for(|ended| *ended >= CALLS / 3).await?;
        match event {
            KILLED => victim.kill().await?,
            DRAINED => victim.drain().await?,
            _ => {
                victim.hang(HANG);
                sleep(HANG).await;
                return Ok(());
            }
        }
        progress.wait_for(|ended| *ended >= CALLS * 2 / 3).await?;
        victim.restart()
    };
    let (calls, happened) = tokio::join!(calls, happens);
    calls.and(happened)?;
    Ok(failed)
}

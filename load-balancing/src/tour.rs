//! Both sides in one process: four ways to three backends, and what happens when one stops.

use channel::{Channel, PickFirst, Policy, RoundRobin, load};
use launcher::{Error, transcript};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    client::{TARGET, names},
    server::serve,
    stub::{Stub, balance_list, echo, one_connection, stub},
    tally::Tally,
};

/// How many calls show who gets them.
const CALLS: usize = 300;

/// Calls three backends in four ways, stops the first, and calls the others in two ways.
pub async fn run() -> Result<(), Error> {
    let shutdown = CancellationToken::new();
    let (first, serving) = start(shutdown.clone()).await?;
    // These serve until the process ends.
    let (second, _) = start(CancellationToken::new()).await?;
    let (third, _) = start(CancellationToken::new()).await?;
    let addrs = [first, second, third];
    let pick_first = channel(&addrs, PickFirst::default()).await?;
    let round_robin = channel(&addrs, RoundRobin::default()).await?;

    show("one connection", &one_connection(&addrs[0])?, &addrs).await?;
    show("balance_list", &balance_list(&addrs)?, &addrs).await?;
    show("pick_first", &pick_first, &addrs).await?;
    show("round_robin", &round_robin, &addrs).await?;

    // It sends GOAWAY, and finishes its calls.
    shutdown.cancel();
    serving.await??;
    transcript!(server, "{} has stopped", addrs[0]);
    show("pick_first", &pick_first, &addrs).await?;
    show("round_robin", &round_robin, &addrs).await
}

/// Starts a backend in a task, on a free port.
async fn start(
    shutdown: CancellationToken,
) -> Result<(String, JoinHandle<Result<(), Error>>), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?.to_string();
    transcript!(server, "listening on {addr}");
    Ok((addr, tokio::spawn(serve(listener, shutdown.cancelled_owned()))))
}

/// A stub with a channel to the backends, under the book's name.
async fn channel(addrs: &[String], policy: impl Policy) -> Result<Stub, Error> {
    let channel = Channel::to(TARGET, &names(addrs))?.policy(policy).build();
    channel.connected().await;
    Ok(stub(channel))
}

/// Makes some calls, one after the other, and prints who answered them.
async fn show(way: &str, stub: &Stub, addrs: &[String]) -> Result<(), Error> {
    transcript!(client, "{way}, {CALLS} calls");
    let mut tally = Tally::of(addrs);
    load(CALLS, 1, || echo(stub.clone()), |result| tally.add(result)).await?;
    tally.print();
    match tally.last_failure {
        Some(status) => Err(format!("{} calls failed: {status}", tally.failed).into()),
        None => Ok(()),
    }
}

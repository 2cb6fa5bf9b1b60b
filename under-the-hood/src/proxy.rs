//! A proxy that shows what it passes on.

use std::{io, time::Duration};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    pin, select,
    task::JoinSet,
    time::timeout,
};
use tracing::debug;

use crate::{
    tap::Tap,
    watch::{Side, View},
};

/// So many connections are passed on at a time. Others wait to be accepted.
const MAX_CONNECTIONS: usize = 100;

/// How long it may take to connect to the server.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Passes each connection on to `to`, a `HOST:PORT`, byte by byte and in both directions, and shows its
/// calls or frames. Ends after `shutdown` and the last connection.
pub async fn serve(
    listener: TcpListener,
    to: &str,
    view: View,
    shutdown: impl Future<Output = ()>,
) -> Result<(), launcher::Error> {
    let mut connections = JoinSet::new();
    let mut number = 0;
    pin!(shutdown);
    loop {
        select! {
            () = &mut shutdown => break,
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((client, _)) => {
                    number += 1;
                    connections.spawn(pass_on(client, to.to_owned(), Tap::new(number, view)));
                }
                // Too many open files, perhaps. It passes.
                Err(error) => {
                    debug!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
    Ok(())
}

async fn pass_on(client: TcpStream, to: String, tap: Tap) {
    let connected = timeout(TIMEOUT, TcpStream::connect(&to)).await;
    let server = match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(server) => server,
        Err(error) => return tap.say(format!("cannot connect to {to}: {error}")),
    };
    // What comes in pieces goes out in the same pieces, at once.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let client = tap.reads(client, Side::Client);
    let server = tap.reads(server, Side::Server);
    pin!(client, server);
    if let Err(error) = copy_bidirectional(&mut client, &mut server).await {
        tap.say(format!("the connection was cut off: {error}"));
    }
}

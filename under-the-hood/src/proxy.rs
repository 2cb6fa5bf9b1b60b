//! A proxy that shows what it passes on.

use std::time::Duration;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    pin, select,
    task::JoinSet,
};
use tracing::info;

use crate::{
    tap::Tap,
    watch::{Side, View},
};

/// Passes each connection on to `to`, a `HOST:PORT`, byte by byte and in both directions, and shows its
/// frames. Ends after `shutdown` and the last connection.
pub async fn serve(
    listener: TcpListener,
    to: &str,
    shutdown: impl Future<Output = ()>,
) -> Result<(), launcher::Error> {
    let mut connections = JoinSet::new();
    let mut number = 0;
    pin!(shutdown);
    loop {
        select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    number += 1;
                    connections.spawn(pass_on(client, to.to_owned(), number));
                }
                // Too many open files, perhaps. It passes.
                Err(error) => {
                    info!(target: "server", "cannot accept a connection: {error}");
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

async fn pass_on(client: TcpStream, to: String, number: usize) {
    let server = match TcpStream::connect(&to).await {
        Ok(server) => server,
        Err(error) => {
            info!(target: "server", "cannot connect to {to}: {error}");
            return;
        }
    };
    // What comes in pieces goes out in the same pieces, at once.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let tap = Tap::new(number, View::Frames);
    let client = tap.reads(client, Side::Client);
    let server = tap.reads(server, Side::Server);
    pin!(client, server);
    if let Err(error) = copy_bidirectional(&mut client, &mut server).await {
        info!(target: "server", "connection {number} has ended: {error}");
    }
}

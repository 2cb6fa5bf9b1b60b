//! A proxy that shows what it forwards.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use launcher::{Connection, Error, incoming};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream, lookup_host},
    pin, select,
    task::JoinSet,
    time::timeout,
};
use tokio_stream::StreamExt as _;

use crate::{
    tap::Tap,
    watcher::{Side, View},
};

/// How many connections are forwarded at the same time. More wait to be accepted.
const MAX_CONNECTIONS: usize = 100;

/// How long it may take to look up the server's name, and to connect to it.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Forwards each connection to the server at `to`, a `HOST:PORT`, byte by byte in both directions, and
/// shows what goes over it.
///
/// Ends after `shutdown`, when the last call has ended. [`launcher::incoming`] closes the connections
/// then, and also those that are not HTTP/2.
///
/// # Errors
///
/// `to` cannot be looked up, or it is the address of the proxy itself.
pub async fn serve(
    listener: TcpListener,
    to: &str,
    view: View,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let own = listener.local_addr()?;
    let resolved = timeout(TIMEOUT, lookup_host(to)).await;
    let resolved = resolved.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let mut resolved = resolved.map_err(|error| {
        format!("cannot look up {to}: {error}; pass the server's address with --to")
    })?;
    if resolved.any(|addr| reaches(addr, own)) {
        return Err(format!(
            "cannot forward to {to}: the proxy itself listens there, on {own}; pass the \
             server's address with --to, or another address for the proxy with --addr"
        )
        .into());
    }

    let mut incoming = incoming(listener);
    let mut connections = JoinSet::new();
    let mut number = 0;
    pin!(shutdown);
    loop {
        select! {
            () = &mut shutdown => break,
            Some(Ok(client)) = incoming.next(), if connections.len() < MAX_CONNECTIONS => {
                number += 1;
                connections.spawn(forward(client, to.to_owned(), Tap::new(number, view)));
            }
            // A panic in a connection's task ends the proxy.
            Some(ended) = connections.join_next() => ended?,
        }
    }
    drop(incoming);
    while let Some(ended) = connections.join_next().await {
        ended?;
    }
    Ok(())
}

async fn forward(client: Connection, to: String, tap: Tap) {
    let connected = timeout(TIMEOUT, TcpStream::connect(&to)).await;
    let server = match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(server) => server,
        Err(error) => return tap.say(&format!("cannot connect to {to}: {error}")),
    };
    // Forward small pieces at once. An error means that the server is gone, and shows up below.
    let _ = server.set_nodelay(true);
    let client = tap.reads(client, Side::Client);
    let server = tap.reads(server, Side::Server);
    pin!(client, server);
    if let Err(error) = copy_bidirectional(&mut client, &mut server).await {
        tap.say(&format!("the connection was closed: {error}"));
    }
}

/// Whether a connection to `addr` reaches a listener that is bound to `own`.
fn reaches(addr: SocketAddr, own: SocketAddr) -> bool {
    if addr.port() != own.port() {
        return false;
    }
    // To connect to "any address" is to connect to this machine.
    let addr = match addr.ip().to_canonical() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        addr => addr,
    };
    match own.ip().to_canonical() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => addr.is_ipv4() && is_local(addr),
        // It accepts IPv4 too, unless the system is configured otherwise.
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => is_local(addr),
        own => addr == own,
    }
}

/// Whether `ip` is an address of this machine. Only such an address can be bound.
fn is_local(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

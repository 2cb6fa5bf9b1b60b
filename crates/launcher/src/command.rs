//! The two sub-commands, and the address that both take.

use std::net::Ipv6Addr;

use clap::{Args, Subcommand};
use tokio::net::TcpListener;

use crate::{Error, Shutdown, sides};

/// The sub-commands of every example.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve until Ctrl-C or SIGTERM, then finish the calls in flight
    Server(Addr),
    /// Make the calls, and exit with 0, or with 1 and the reason
    Client(Addr),
}

/// `--addr`, to be flattened into the flags of an example that has more.
#[derive(Debug, Args)]
pub struct Addr {
    /// The server's address, its host a name or an IP address
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:50051")]
    pub addr: String,
}

impl Command {
    /// Runs the side that was asked for, as [`server`](crate::server) or
    /// [`client`](crate::client) does.
    pub async fn run<S, C, E>(self, serve: S, connect: C) -> Result<(), Error>
    where
        S: AsyncFn(TcpListener, Shutdown) -> Result<(), E>,
        C: AsyncFnOnce(String) -> Result<(), Error>,
        E: Into<Error>,
    {
        match self {
            Self::Server(Addr { addr }) => sides::server(&[addr], serve).await,
            Self::Client(Addr { addr }) => sides::client(&addr, connect).await,
        }
    }
}

/// Checks that `addr` is a `HOST:PORT`, before anything tries to use it. An IPv6 address has
/// brackets, as in a URI.
///
/// # Errors
///
/// The reason why it is not, and how to write one.
pub fn check(addr: &str) -> Result<(), Error> {
    let refuse = |why: &str| {
        Err(format!("invalid address {addr:?}: {why}; write HOST:PORT, as in 127.0.0.1:50051")
            .into())
    };
    if addr.contains("://") {
        return refuse("it must not have a scheme");
    }
    let Some((host, port)) = addr.rsplit_once(':') else {
        return refuse("missing port");
    };
    if port.parse::<u16>().is_err() {
        return refuse("the port must be a number from 0 to 65535");
    }
    if host.is_empty() {
        return refuse("missing host (0.0.0.0 means all addresses of this machine)");
    }
    if let Some(ip) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        if ip.parse::<Ipv6Addr>().is_err() {
            return refuse("the brackets do not contain an IPv6 address");
        }
    } else if host.contains(':') {
        return refuse("an IPv6 address needs brackets, as in [::1]:50051");
    } else if !host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) {
        return refuse("the host is neither a name nor an IP address");
    }
    Ok(())
}

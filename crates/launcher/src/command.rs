//! The two sub-commands, and the address that both take.

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
    /// Runs the side that was asked for, as [`sides::server`] or [`sides::client`] does.
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

//! The command line that all examples share: the server, the client, or both in one process.
//!
//! An ordinary example hands its two sides to [`main`] and is done. One with flags or
//! sub-commands of its own writes its own [`clap::Parser`], flattens [`Command`] into it, and
//! calls [`run`] and, for the shared sub-commands, [`Command::run`]:
//!
//! ```no_run
//! # use std::{future::pending, process::ExitCode};
//! # use tokio::net::TcpListener;
//! # async fn serve(_: TcpListener, _: launcher::Shutdown) -> Result<(), launcher::Error> { Ok(()) }
//! # async fn client(_: String) -> Result<(), launcher::Error> { Ok(()) }
//! # async fn probe(_: String) -> Result<(), launcher::Error> { Ok(()) }
//! use clap::{Parser, Subcommand};
//!
//! #[derive(Parser)]
//! struct Cli {
//!     #[command(subcommand)]
//!     command: Option<Command>,
//! }
//!
//! #[derive(Subcommand)]
//! enum Command {
//!     #[command(flatten)]
//!     Shared(launcher::Command),
//!     Probe { addr: String },
//! }
//!
//! fn main() -> ExitCode {
//!     let cli = Cli::parse();
//!     launcher::run(async {
//!         match cli.command {
//!             Some(Command::Probe { addr }) => probe(addr).await,
//!             Some(Command::Shared(command)) => command.run(serve, client).await,
//!             None => launcher::both(serve, client).await,
//!         }
//!     })
//! }
//! ```

mod command;
mod sides;
mod signals;
mod status;
mod transcript;

use std::{io::Write, process::ExitCode, time::Duration};

use clap::{CommandFactory, FromArgMatches, Parser};
use tokio_util::sync::WaitForCancellationFutureOwned;

pub use command::{Addr, Command, check as check_addr};
pub use sides::{DRAIN, both, client, listen, server};
pub use status::{code_name, describe, root_cause};
pub use transcript::one_line;

/// Why an example ended early, to be told in one line.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// What `--help` says last.
pub const BOTH: &str = "Without a command both sides run in one process, on free ports.";

/// A future that ends when a server is to stop: to take no more connections, to finish the
/// calls that it has, and to return.
pub type Shutdown = WaitForCancellationFutureOwned;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

/// The whole `main` of an ordinary example.
///
/// `about` is what `--help` says of it, `serve` takes a bound listener and a [`Shutdown`], and
/// `connect` takes the server's address as `HOST:PORT` and makes the calls.
///
/// Exits with 0, with 1 and one line on standard error, or with 2 for a command line that is
/// not understood.
pub fn main<S, C, E>(about: &'static str, serve: S, connect: C) -> ExitCode
where
    S: AsyncFnOnce(tokio::net::TcpListener, Shutdown) -> Result<(), E>,
    C: AsyncFnOnce(String) -> Result<(), Error>,
    E: Into<Error>,
{
    let matches = Cli::command().about(about).after_help(BOTH).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    run(async {
        match cli.command {
            Some(command) => command.run(serve, connect).await,
            None => both(serve, connect).await,
        }
    })
}

/// Runs `example` to its end, with the transcript on standard output, what `RUST_LOG` asks for
/// on standard error, and an error as one line there.
pub fn run(example: impl Future<Output = Result<(), Error>>) -> ExitCode {
    transcript::start();
    let result = tokio::runtime::Runtime::new().map_err(Error::from).and_then(|runtime| {
        let result = runtime.block_on(example);
        // Tasks that are left are dropped here, and may say a last word as they are. A name that
        // is still being looked up cannot be dropped, and must not hold up the end.
        runtime.shutdown_timeout(Duration::from_secs(1));
        result
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not `eprintln!`: it panics where standard error is closed.
            let _ = writeln!(std::io::stderr(), "{}", one_line(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

//! The command line that all examples share: the server, the client, or both in one process.
//!
//! An ordinary example passes its two sides to [`main`], and that is all. An example with more flags
//! or sub-commands has a separate [`clap::Parser`], flattens [`Command`] into it, and calls [`run`]
//! and, for the shared sub-commands, [`Command::run`]. `tests/programs/misbehave.rs` shows how.

mod address;
mod frames;
mod incoming;
mod output;
mod panics;
mod sides;
mod signals;
mod status;
mod transcript;
mod transport;

use std::{process::ExitCode, time::Duration};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio::net::TcpListener;

use output::{COLOURS, STDERR, STDOUT};

pub use address::check_addr;
pub use incoming::{Connection, incoming, incoming_with};
pub use panics::exit_on_panic;
pub use sides::{DRAIN, Shutdown, both, client, server};
pub use status::{Error, code_name, describe, root_cause};
pub use transcript::{one_line, print_error};
pub use transport::{CONNECTION_WINDOW, STREAM_WINDOW, STREAMS, builder, endpoint};

#[doc(hidden)]
pub use tracing;

/// The last line of `--help`.
pub const BOTH: &str = "Without a command both sides run in one process, on free ports.";

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

/// The whole `main` of an ordinary example.
///
/// `about` is for `--help`, `serve` takes a bound listener and a [`Shutdown`], and
/// `connect` takes the server's address as `HOST:PORT` and makes the calls.
///
/// The exit status is 0, or 1 with one line on standard error, or 2 for a wrong command line.
pub fn main<S, C, E>(about: &'static str, serve: S, connect: C) -> ExitCode
where
    S: AsyncFn(TcpListener, Shutdown) -> Result<(), E>,
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
    /// Runs the side that was asked for, as [`server`] or [`client`] does.
    pub async fn run<S, C, E>(self, serve: S, connect: C) -> Result<(), Error>
    where
        S: AsyncFn(TcpListener, Shutdown) -> Result<(), E>,
        C: AsyncFnOnce(String) -> Result<(), Error>,
        E: Into<Error>,
    {
        match self {
            Self::Server(Addr { addr }) => server(&[addr], serve).await,
            Self::Client(Addr { addr }) => client(&addr, connect).await,
        }
    }
}

/// Runs `example` to its end, with the transcript on standard output, and on standard error what
/// `RUST_LOG` asks for and an error as one line.
///
/// Like `#[tokio::main]`, it starts a runtime and runs a future in it. In addition, every mode ends
/// on Ctrl-C and SIGTERM, and a panic ends the process with one line.
pub fn run(example: impl Future<Output = Result<(), Error>>) -> ExitCode {
    transcript::start();
    exit_on_panic(1);
    let result = tokio::runtime::Runtime::new().map_err(Error::from).and_then(|runtime| {
        let result = runtime.block_on(async {
            let mut signals = signals::Signals::new()?;
            tokio::select! {
                result = example => result,
                () = signals.next_unhandled() => Err(sides::INTERRUPTED.into()),
            }
        });
        // Tasks that are left are dropped here, and may print a last line. A name lookup cannot be
        // dropped, and must not delay the end.
        runtime.shutdown_timeout(Duration::from_millis(250));
        result
    });
    STDOUT.finish();
    if let Err(error) = &result {
        STDERR.line(&one_line(&error.to_string()));
    }
    STDERR.finish();
    u8::from(result.is_err()).into()
}

/// Prints one line to standard output, like a line of the transcript. It may have colours.
pub fn print_line(line: &str) {
    let plain = anstream::adapter::strip_str(line).to_string();
    STDOUT.line(if *COLOURS { line } else { &plain });
}

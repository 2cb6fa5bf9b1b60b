//! The command line that all examples share: the server, the client, or both in one process.
//!
//! An ordinary example passes its two sides to [`main`], and that is all. An example with more flags
//! or sub-commands has a separate [`clap::Parser`], flattens [`Command`] into it, and calls [`run`]
//! and, for the shared sub-commands, [`Command::run`]. `tests/programs/misbehave.rs` shows how.

mod address;
mod command;
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

use clap::{CommandFactory, FromArgMatches, Parser};
use tokio_util::sync::WaitForCancellationFutureOwned;

use output::{STDERR, STDOUT};

pub use address::check_addr;
pub use command::{Addr, Command};
pub use incoming::{Connection, incoming, incoming_with};
pub use panics::exit_on_panic;
pub use sides::{DRAIN, both, client, server};
pub use status::{code_name, describe, root_cause};
pub use transcript::one_line;
pub use transport::{CONNECTION_WINDOW, STREAM_WINDOW, STREAMS, builder, endpoint};

#[doc(hidden)]
pub use tracing;

/// The reason why an example ended early. It is printed in one line.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The last line of `--help`.
pub const BOTH: &str = "Without a command both sides run in one process, on free ports.";

/// Ends when a server has to stop: accept no more connections, finish its calls, and return.
pub type Shutdown = WaitForCancellationFutureOwned;

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
    S: AsyncFn(tokio::net::TcpListener, Shutdown) -> Result<(), E>,
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

/// Prints one line to standard output, like a line of the transcript.
pub fn print_line(line: &str) {
    STDOUT.line(line);
}

/// Prints one line to standard error, without waiting for ever for its reader.
pub fn print_error(line: &str) {
    STDERR.line(&one_line(line));
    STDERR.finish();
}

//! A program that misbehaves, for the launcher's tests. It also shows how an example adds commands.

use std::{future::pending, io, process::ExitCode};

use clap::{Parser, Subcommand};
use launcher::{Error, Shutdown, transcript};
use tokio::net::TcpListener;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Shared(launcher::Command),
    /// Wait for ever
    Wait,
    /// Panic in a task that no one awaits, and wait for ever
    Panic,
    /// Print many lines, wait for the end of standard input, and fail
    Flood { lines: usize },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    launcher::run(async {
        match cli.command {
            Some(Command::Shared(command)) => command.run(serve, connect).await,
            Some(Command::Wait) => wait().await,
            Some(Command::Panic) => {
                tokio::spawn(async { assert_eq!(1 + 1, 3, "no\nsuch sum") });
                wait().await
            }
            Some(Command::Flood { lines }) => {
                for number in 0..lines {
                    transcript!(client, "line {number} of {lines}");
                }
                // Not `eprintln!`, which would wait for ever for a reader.
                launcher::print_error("that was a flood");
                io::copy(&mut io::stdin(), &mut io::sink())?;
                Err("that was all".into())
            }
            None => launcher::both(serve, connect).await,
        }
    })
}

async fn wait() -> Result<(), Error> {
    transcript!(client, "waiting");
    pending().await
}

/// Accepts connections, and never answers.
async fn serve(listener: TcpListener, _: Shutdown) -> Result<(), Error> {
    let _listener = listener;
    pending().await
}

/// Logs much, and succeeds.
async fn connect(_: String) -> Result<(), Error> {
    for number in 0..2_000 {
        launcher::tracing::info!("line {number}");
    }
    Ok(())
}

//! `cargo run -p health`, with `-- server`, `-- client` or `-- probe` for one part alone.

use std::{env, pin::pin, process::ExitCode};

use clap::{Parser, Subcommand};
use health::{
    client,
    probe::{Probe, parse},
    server::serve,
};
use launcher::Shutdown;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[derive(Parser)]
#[command(about = env!("CARGO_PKG_DESCRIPTION"), after_help = launcher::BOTH)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Shared(launcher::Command),
    /// Ask a server for its health, and exit with 0 if it is SERVING
    Probe(Probe),
}

fn main() -> ExitCode {
    let cli: Cli = parse(env::args_os().nth(1).is_some_and(|command| command == "probe"));
    match cli.command {
        Some(Command::Shared(command)) => launcher::run(command.run(serve, client::run)),
        Some(Command::Probe(probe)) => probe.main(),
        None => launcher::run(both()),
    }
}

/// Both sides in one process. The client decides when the server ends, and watches that.
async fn both() -> Result<(), launcher::Error> {
    let end = CancellationToken::new();
    let serve = async |listener: TcpListener, shutdown: Shutdown| {
        let mut shutdown = pin!(shutdown);
        serve(listener, async {
            end.run_until_cancelled(shutdown.as_mut()).await;
        })
        .await?;
        // The launcher expects a server to run until its client is done.
        shutdown.await;
        Ok::<_, launcher::Error>(())
    };
    launcher::both(serve, async |target| client::run_and(target, || end.cancel()).await).await
}

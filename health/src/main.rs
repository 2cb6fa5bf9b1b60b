//! `cargo run -p health`, with `-- server`, `-- client` or `-- probe` for one part alone.

use std::{
    env,
    pin::pin,
    process::{self, ExitCode},
};

use clap::{Parser, Subcommand};
use health::{
    client,
    probe::{INVALID_ARGUMENTS, Probe},
    server,
};
use launcher::Shutdown;
use tokio::{net::TcpListener, select};
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
    let cli = Cli::try_parse().unwrap_or_else(|error| {
        // For a probe, 2 means that there was no connection.
        if error.use_stderr() && env::args_os().nth(1).is_some_and(|command| command == "probe")
        {
            let _ = error.print();
            process::exit(INVALID_ARGUMENTS.into());
        }
        error.exit()
    });
    let mut status = ExitCode::SUCCESS;
    let ended = launcher::run(async {
        match cli.command {
            Some(Command::Shared(command)) => command.run(server::serve, client::run).await,
            Some(Command::Probe(probe)) => {
                status = probe.run().await;
                Ok(())
            }
            None => both().await,
        }
    });
    if ended == ExitCode::SUCCESS { status } else { ended }
}

/// Both sides in one process, where the client watches the server end.
async fn both() -> Result<(), launcher::Error> {
    let end = CancellationToken::new();
    let serve = async |listener: TcpListener, shutdown: Shutdown| {
        let mut shutdown = pin!(shutdown);
        let ended = async {
            select! {
                () = &mut shutdown => {}
                () = end.cancelled() => {}
            }
        };
        server::serve(listener, ended).await?;
        // The client is about to see it.
        shutdown.await;
        Ok::<_, launcher::Error>(())
    };
    launcher::both(serve, async |target| client::run_and(target, || end.cancel()).await).await
}

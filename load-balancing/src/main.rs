//! `cargo run -p load-balancing`, with `-- server` or `-- client` for one side alone.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use futures::future::try_join_all;
use launcher::{Error, Shutdown, listen};
use load_balancing::{client::Client, server, tour};
use tokio::net::TcpListener;

#[derive(Parser)]
#[command(about = env!("CARGO_PKG_DESCRIPTION"), after_help = launcher::BOTH)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve backends until Ctrl-C or SIGTERM, then finish the calls in flight
    Server {
        /// Where a backend serves, one for each --addr
        #[arg(long, value_name = "HOST:PORT", default_values = ["127.0.0.1:50051", "127.0.0.1:50052"])]
        addr: Vec<String>,
    },
    /// Make the calls, and exit with 0, or with 1 if one fails
    Client(Client),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    launcher::run(async {
        match cli.command {
            Some(Command::Server { addr }) => serve(&addr).await,
            Some(Command::Client(client)) => client.run().await,
            None => tour::run().await,
        }
    })
}

/// Serves all the backends, which drain and end together.
async fn serve(addrs: &[String]) -> Result<(), Error> {
    let Some((first, others)) = addrs.split_first() else {
        return Err("there is no --addr to serve on".into());
    };
    // All or none: nobody is to be told of a server that is not going to be.
    addrs.iter().try_for_each(|addr| launcher::check_addr(addr))?;
    launcher::server(first, async |listener: TcpListener, shutdown: Shutdown| {
        let mut listeners = vec![listener];
        for addr in others {
            listeners.push(listen(addr).await?);
        }
        let shutdown = futures::FutureExt::shared(shutdown);
        let backends =
            listeners.into_iter().map(|listener| server::serve(listener, shutdown.clone()));
        try_join_all(backends).await.map(drop)
    })
    .await
}

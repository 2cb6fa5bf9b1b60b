//! `cargo run -p keepalive`, and `-- server` or `-- client` for one side alone.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use keepalive::{client::Client, server::serve, tour};
use launcher::Addr;

#[derive(Parser)]
#[command(about = env!("CARGO_PKG_DESCRIPTION"), after_help = launcher::BOTH)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until Ctrl-C or SIGTERM, then finish the calls in flight
    Server(Addr),
    /// Make one call and keep a stream open; exit with 0 at its deadline, or with 1 if it fails before
    Client(Client),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    launcher::run(async {
        match cli.command {
            Some(Command::Server(Addr { addr })) => launcher::server(&[addr], serve).await,
            Some(Command::Client(client)) => {
                launcher::client(&client.addr.addr, async |target| client.run(target).await)
                    .await
            }
            None => launcher::both(serve, tour::run).await,
        }
    })
}

//! `cargo run -p compression` runs both sides; add `-- server` or `-- client` to run only one.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use compression::{
    client::{self, Encoding},
    server,
};
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
    /// Make the calls, and exit with 0, or with 1 and the reason
    Client {
        #[command(flatten)]
        at: Addr,
        /// Use only this encoding [default: both, and two calls that the server refuses]
        #[arg(long)]
        encoding: Option<Encoding>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    launcher::run(async {
        match cli.command {
            Some(Command::Server(at)) => launcher::server(&[at.addr], server::serve).await,
            Some(Command::Client { at, encoding }) => {
                let run = async |target| client::run_with(target, encoding).await;
                launcher::client(&at.addr, run).await
            }
            None => launcher::both(server::serve, client::run).await,
        }
    })
}

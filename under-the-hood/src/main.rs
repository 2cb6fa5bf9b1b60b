//! `cargo run -p under-the-hood`, with `-- server` or `-- client` for one side alone.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use launcher::Addr;
use under_the_hood::{by_hand, client, server};

#[derive(Parser)]
#[command(about = env!("CARGO_PKG_DESCRIPTION"), after_help = launcher::BOTH)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Show every HTTP/2 frame of part 3
    #[arg(long)]
    frames: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until Ctrl-C or SIGTERM, then finish the calls in flight
    Server {
        #[command(flatten)]
        addr: Addr,
        /// Run the server that is written by hand, which has only getProduct
        #[arg(long)]
        by_hand: bool,
    },
    /// Make the calls, and exit with 0, or with 1 and the reason
    Client {
        #[command(flatten)]
        addr: Addr,
        /// Show every HTTP/2 frame of part 3
        #[arg(long)]
        frames: bool,
        /// Only use the generated stub, with calls for the server by hand
        #[arg(long, conflicts_with = "frames")]
        stub: bool,
    },
}

fn main() -> ExitCode {
    let Cli { command, frames } = Cli::parse();
    launcher::run(async {
        match command {
            Some(Command::Server { addr: Addr { addr }, by_hand: true }) => {
                launcher::server(&[addr], by_hand::serve).await
            }
            Some(Command::Server { addr: Addr { addr }, .. }) => {
                launcher::server(&[addr], server::serve).await
            }
            Some(Command::Client { addr: Addr { addr }, stub: true, .. }) => {
                launcher::client(&addr, client::run_stub).await
            }
            Some(Command::Client { addr: Addr { addr }, frames, .. }) => {
                launcher::client(&addr, async |target| client::run(target, frames).await).await
            }
            None => {
                let run = async |target| client::run(target, frames).await;
                launcher::both(server::serve, run).await?;
                launcher::both(by_hand::serve, client::run_stub).await
            }
        }
    })
}

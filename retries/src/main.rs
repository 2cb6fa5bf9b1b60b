//! `cargo run -p retries`, and `-- server` or `-- client` for one side alone.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use load_balancing::server;
use retries::{client::Client, tour};

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
        /// The address of a backend; repeat --addr for several
        #[arg(long, value_name = "HOST:PORT", default_values = ["127.0.0.1:50051", "127.0.0.1:50052"])]
        addr: Vec<String>,
    },
    /// Make the calls, and exit with 0, or with 1 if one fails
    Client(Client),
}

fn main() -> ExitCode {
    launcher::run(async {
        match Cli::parse().command {
            Some(Command::Server { addr }) => launcher::server(&addr, server::serve).await,
            // In a task, because `main` runs on a separate thread, which each answer would have to wake.
            Some(Command::Client(client)) => tokio::spawn(client.run()).await?,
            None => tour::run().await,
        }
    })
}

//! `cargo run -p deadlines` runs all sides; add `-- server` or `-- client` to run only one.

use std::process::ExitCode;

use clap::Parser;
use deadlines::{client, server::serve};
use launcher::Command;

#[derive(Parser)]
#[command(about = env!("CARGO_PKG_DESCRIPTION"), after_help = launcher::BOTH)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Server: how long the inventory in this process takes for each order
    #[arg(long, value_name = "TIME", default_value = "300ms", global = true)]
    work: humantime::Duration,
    /// Server: another inventory to use, instead of one in this process
    #[arg(long, value_name = "HOST:PORT", global = true)]
    inventory: Option<String>,
}

fn main() -> ExitCode {
    let Cli { command, work, inventory } = Cli::parse();
    let other = inventory.as_deref();
    let serve = async |listener, shutdown| serve(listener, shutdown, other, *work).await;
    launcher::run(async {
        match command {
            Some(command) => command.run(serve, client::run).await,
            None => launcher::both(serve, client::run).await,
        }
    })
}

//! `cargo run -p tls`, and `-- certs`, `-- server` or `-- client` for one part alone.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use launcher::{Addr, print_line};
use tls::{certs::Certs, client, server::serve, tour};

#[derive(Parser)]
#[command(about = env!("CARGO_PKG_DESCRIPTION"), after_help = launcher::BOTH)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Create a CA, and certificates for a server and a client
    Certs {
        /// The directory to write to
        dir: PathBuf,
        /// Replace an existing CA
        #[arg(long)]
        force: bool,
    },
    /// Serve until Ctrl-C or SIGTERM, then finish the calls in flight
    Server(Side),
    /// Make the calls, and exit with 0, or with 1 and the reason
    Client(Side),
}

#[derive(Args)]
struct Side {
    #[command(flatten)]
    addr: Addr,
    /// The directory that `certs` has created
    #[arg(long, value_name = "DIR")]
    certs: PathBuf,
    /// The client sends a certificate, and the server requires it
    #[arg(long)]
    mutual: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    launcher::run(async {
        match cli.command {
            None => tour::run().await,
            Some(Command::Certs { dir, force }) => {
                Certs::create()?.write(&dir, force)?;
                print_line(&format!("wrote certificates and keys to {}", dir.display()));
                Ok(())
            }
            Some(Command::Server(Side { addr: Addr { addr }, certs, mutual })) => {
                let certs = Certs::read(&certs, Certs::OF_SERVER)?;
                let serve = async |listener, end| serve(listener, end, &certs, mutual).await;
                launcher::server(&[addr], serve).await
            }
            Some(Command::Client(Side { addr: Addr { addr }, certs, mutual })) => {
                let files = if mutual { Certs::OF_CLIENT } else { &["ca.pem"] };
                let config = client::config(&Certs::read(&certs, files)?, mutual);
                launcher::client(&addr, |target| client::run(target, config)).await
            }
        }
    })
}

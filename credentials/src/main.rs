//! `cargo run -p credentials` runs both sides; add `-- server`, `-- client` or `-- token`.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use clap::{Args, Parser, Subcommand};
use credentials::{client, server, verify};
use jwt::{Claims, JWKS_FILE, Keys, SigningKey};
use launcher::Addr;
use tls::certs::Certs;

#[derive(Parser)]
#[command(about = env!("CARGO_PKG_DESCRIPTION"), after_help = launcher::BOTH)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args)]
struct Side {
    #[command(flatten)]
    addr: Addr,
    /// The folder that `cargo run -p tls -- certs DIR` has created
    #[arg(long, value_name = "DIR")]
    certs: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until Ctrl-C or SIGTERM, then finish the calls in flight
    Server(Side),
    /// Make the calls, and exit with 0, or with 1 and the reason
    Client(Side),
    /// Sign a token with the key in the folder, and print it
    Token {
        /// The folder that `cargo run -p tls -- certs DIR` has created
        #[arg(long, value_name = "DIR")]
        certs: PathBuf,
        /// The scopes of the caller, separated by spaces
        #[arg(long, default_value = "products.read products.write")]
        scope: String,
        /// The service that the token is for
        #[arg(long, default_value = verify::AUDIENCE)]
        audience: String,
        /// How long the token is valid
        #[arg(long, default_value = "60s", value_parser = humantime::parse_duration)]
        expires: Duration,
    },
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    launcher::run(async {
        match command {
            Some(Command::Server(Side { addr, certs: dir })) => {
                let (certs, key) =
                    (Certs::read(&dir, Certs::OF_SERVER)?, Arc::new(SigningKey::in_dir(&dir)?));
                let serve = async |listener, end| {
                    let keys = Keys::in_file(dir.join(JWKS_FILE));
                    server::serve(listener, end, &certs, Arc::clone(&key), keys).await
                };
                launcher::server(&[addr.addr], serve).await
            }
            Some(Command::Client(Side { addr, certs })) => {
                let certs = Certs::read(&certs, &["ca.pem"])?;
                launcher::client(&addr.addr, async |to| client::run(to, &certs).await).await
            }
            Some(Command::Token { certs, scope, audience, expires }) => {
                // The key pair is only added to a folder with certificates.
                Certs::read(&certs, Certs::OF_SERVER)?;
                let claims =
                    Claims::new(verify::ISSUER, "command line", &audience, &scope, expires);
                launcher::print_line(&SigningKey::in_dir(&certs)?.sign(&claims)?);
                Ok(())
            }
            None => {
                // With certificates and a key that exist only in memory.
                let (certs, key) = (Certs::create()?, SigningKey::generate()?);
                let serve = async |listener, end| {
                    let keys = Keys::fixed(&key.public_keys());
                    server::serve(listener, end, &certs, key.into(), keys).await
                };
                launcher::both(serve, async |to| client::run(to, &certs).await).await
            }
        }
    })
}

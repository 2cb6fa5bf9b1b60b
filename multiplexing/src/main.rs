//! `cargo run -p multiplexing` runs both sides; add `-- server` or `-- client` to run only one.

use std::process::ExitCode;

use multiplexing::{client, server};

fn main() -> ExitCode {
    launcher::main(env!("CARGO_PKG_DESCRIPTION"), server::serve, client::run)
}

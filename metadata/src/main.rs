//! `cargo run -p metadata` runs both sides; add `-- server` or `-- client` to run only one.

use std::process::ExitCode;

use metadata::{client, server};

fn main() -> ExitCode {
    launcher::main(env!("CARGO_PKG_DESCRIPTION"), server::serve, client::run)
}

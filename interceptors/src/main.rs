//! `cargo run -p interceptors` runs both sides; add `-- server` or `-- client` to run only one.

use std::process::ExitCode;

use interceptors::{client, server};

fn main() -> ExitCode {
    launcher::main(env!("CARGO_PKG_DESCRIPTION"), server::serve, client::run)
}

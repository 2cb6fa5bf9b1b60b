//! `cargo run -p interceptors`, with `-- server` or `-- client` for one side alone.

use std::process::ExitCode;

use interceptors::{client, server};

fn main() -> ExitCode {
    launcher::main(env!("CARGO_PKG_DESCRIPTION"), server::serve, client::run)
}

//! `cargo run -p error-details`, with `-- server` or `-- client` for one side alone.

use std::process::ExitCode;

use error_details::{client, server};

fn main() -> ExitCode {
    launcher::main(env!("CARGO_PKG_DESCRIPTION"), server::serve, client::run)
}

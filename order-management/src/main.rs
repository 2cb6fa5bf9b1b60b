//! `cargo run -p order-management`, with `-- server` or `-- client` for one side alone.

use std::process::ExitCode;

use order_management::{client, server};

fn main() -> ExitCode {
    launcher::main(env!("CARGO_PKG_DESCRIPTION"), server::serve, client::run)
}

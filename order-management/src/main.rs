//! `cargo run -p order-management` runs both sides; add `-- server` or `-- client` to run only one.

use std::process::ExitCode;

use order_management::{client, server};

fn main() -> ExitCode {
    launcher::main(env!("CARGO_PKG_DESCRIPTION"), server::serve, client::run)
}

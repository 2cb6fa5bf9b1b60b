//! `cargo run -p productinfo` runs both sides; add `-- server` or `-- client` to run only one.

use std::process::ExitCode;

use productinfo::{client, server};

// A Go program has a scheduler for goroutines built in. A Rust program has to start its own: the
// *runtime*, here tokio's. Usually `main` is an `async fn` with the attribute `#[tokio::main]`,
// which expands to "start a runtime and run the body of this function in it". Here the launcher does
// that, in `launcher::run`, after it has read the command line.
fn main() -> ExitCode {
    launcher::main(env!("CARGO_PKG_DESCRIPTION"), server::serve, client::run)
}

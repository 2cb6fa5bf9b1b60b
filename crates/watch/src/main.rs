//! `cargo run -p watch -- --to HOST:PORT`: a proxy that shows what it forwards.

use std::process::ExitCode;

use clap::Parser;
use launcher::Addr;
use watch::{View, proxy};

/// Forward connections to a gRPC server without TLS, and show the calls on them
#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    listen: Addr,
    /// The address of the gRPC server
    #[arg(long, value_name = "HOST:PORT")]
    to: String,
    /// Show only headers and messages, not every frame
    #[arg(long)]
    calls: bool,
}

fn main() -> ExitCode {
    let Cli { listen, to, calls } = Cli::parse();
    let view = if calls { View::Calls } else { View::Frames };
    launcher::run(async {
        launcher::check_addr(&to)?;
        launcher::server(&[listen.addr], async |listener, shutdown| {
            proxy::serve(listener, &to, view, shutdown).await
        })
        .await
    })
}

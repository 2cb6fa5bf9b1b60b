//! `cargo run -p under-the-hood`, with `-- server`, `-- client` or `-- watch` for one part alone.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use launcher::{Addr, Error, Shutdown};
use tokio::net::TcpListener;
use under_the_hood::{by_hand, client, proxy, server, stub, watch::View};

#[derive(Parser)]
#[command(about = env!("CARGO_PKG_DESCRIPTION"), after_help = launcher::BOTH)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Show every HTTP/2 frame of part 3, and two more calls in it
    #[arg(long)]
    frames: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until Ctrl-C or SIGTERM, then finish the calls in flight
    Server {
        #[command(flatten)]
        addr: Addr,
        /// The server that is written by hand, which knows getProduct alone
        #[arg(long)]
        by_hand: bool,
    },
    /// Make the calls, and exit with 0, or with 1 and the reason
    Client {
        #[command(flatten)]
        addr: Addr,
        /// Show every HTTP/2 frame of part 3, and two more calls in it
        #[arg(long)]
        frames: bool,
        /// Call getProduct with the generated stub alone, as the server by hand can answer
        #[arg(long, conflicts_with = "frames")]
        stub: bool,
    },
    /// Pass connections on to another server, and show what goes over them
    Watch(Watch),
}

#[derive(Args)]
struct Watch {
    #[command(flatten)]
    addr: Addr,
    /// Where the server is that the calls are for
    #[arg(long, value_name = "HOST:PORT")]
    to: String,
    /// Show headers and messages alone, and not every frame
    #[arg(long)]
    calls: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let view = |frames| if frames { View::Frames } else { View::Calls };
    launcher::run(async {
        match cli.command {
            Some(Command::Server { addr, by_hand: false }) => {
                launcher::server(&[addr.addr], server::serve).await
            }
            Some(Command::Server { addr, by_hand: true }) => {
                launcher::server(&[addr.addr], by_hand::serve).await
            }
            Some(Command::Client { addr, stub: true, .. }) => {
                launcher::client(&addr.addr, stub::run).await
            }
            Some(Command::Client { addr, frames, .. }) => {
                launcher::client(&addr.addr, async |to| client::run(to, view(frames)).await)
                    .await
            }
            Some(Command::Watch(Watch { addr, to, calls })) => {
                launcher::check_addr(&to)?;
                let serve = async |listener: TcpListener, shutdown: Shutdown| {
                    proxy::serve(listener, &to, view(!calls), shutdown).await
                };
                launcher::server(&[addr.addr], serve).await
            }
            None => both(view(cli.frames)).await,
        }
    })
}

/// All sides in one process: the client by hand and an ordinary server, and then the other way round.
async fn both(view: View) -> Result<(), Error> {
    launcher::both(server::serve, async |to| client::run(to, view).await).await?;
    launcher::both(by_hand::serve, stub::run).await
}

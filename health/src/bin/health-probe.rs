//! The probe as a separate program, for a container that has no shell.

use std::process::ExitCode;

use clap::Parser;
use health::probe::{Probe, parse};

/// Ask a gRPC server for its health, and exit with 0 if it is SERVING
#[derive(Parser)]
#[command(after_help = "Exit status: 0 SERVING, 1 invalid arguments, 2 not connected, \
                        3 the rpc failed, 4 not SERVING")]
struct Cli {
    #[command(flatten)]
    probe: Probe,
}

fn main() -> ExitCode {
    parse::<Cli>(true).probe.main()
}

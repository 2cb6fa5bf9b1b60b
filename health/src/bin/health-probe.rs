//! The probe as a program of its own, for a container that has nothing else.

use std::{env, process::ExitCode};

use clap::Parser;
use health::probe::{INVALID_ARGUMENTS, Probe};

/// Ask a gRPC server for its health, and exit with 0 if it is SERVING
#[derive(Parser)]
#[command(
    after_help = "Exit status: 0 SERVING, 1 invalid arguments, 2 not connected, 3 the rpc \
                        failed, 4 not SERVING"
)]
struct Cli {
    #[command(flatten)]
    probe: Probe,
}

fn main() -> ExitCode {
    // Go's flags have one dash or two, and manifests that were written for its probe have either.
    let args =
        env::args_os().map(|arg| match arg.to_str().and_then(|arg| arg.strip_prefix('-')) {
            Some(flag) if flag.len() > 1 && !flag.starts_with('-') => {
                format!("--{flag}").into()
            }
            _ => arg,
        });
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                INVALID_ARGUMENTS.into()
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    // One question needs no more threads than this one.
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let status = runtime.block_on(cli.probe.run());
            // A name that is still being looked up is not waited for.
            runtime.shutdown_background();
            status
        }
        Err(_) => ExitCode::from(2),
    }
}

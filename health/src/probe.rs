//! The probe: asks a server for its health once, and answers with an exit status.
//!
//! Exit statuses and flags are those of `grpc_health_probe`, the usual one, which is written in Go.
//! It has more flags, such as those for TLS.

use std::{
    env,
    process::{self, ExitCode},
    time::Duration,
};

use channel::handshake;
use clap::{Args, Parser, builder::NonEmptyStringValueParser};
use launcher::{describe, print_error, root_cause};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};
use tonic::{
    Code, Request,
    metadata::{Ascii, MetadataKey, MetadataValue},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::registry::ServingStatus;

// The exit statuses. 0 is SERVING, and 1 is for invalid arguments.
const NOT_CONNECTED: u8 = 2;
const RPC_FAILED: u8 = 3;
const NOT_SERVING: u8 = 4;

/// The service to check, and the time to wait.
#[derive(Args)]
pub struct Probe {
    /// The server's address
    #[arg(long, value_name = "HOST:PORT", value_parser = NonEmptyStringValueParser::new())]
    addr: String,
    /// The service to ask for, or the whole server if there is none
    #[arg(long, value_name = "NAME", default_value = "")]
    service: String,
    /// How long to wait for the connection
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    connect_timeout: Duration,
    /// How long to wait for the answer
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    rpc_timeout: Duration,
    /// Metadata to send with the request
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    rpc_header: Vec<Header>,
    /// Print each step
    #[arg(short)]
    verbose: bool,
}

/// Parses the command line as Go's `flag` does: a flag has one dash or two. If it is invalid, ends
/// the process, a probe with 1 because 2 means that there is no connection.
#[must_use]
pub fn parse<C: Parser>(is_probe: bool) -> C {
    let args = env::args_os().map(|arg| {
        let arg = arg.to_string_lossy().into_owned();
        let one_dash = arg.len() > 2 && arg.starts_with('-') && !arg.starts_with("--");
        if one_dash { format!("-{arg}") } else { arg }
    });
    C::try_parse_from(args).unwrap_or_else(|error| {
        let _ = error.print();
        process::exit(if is_probe && error.use_stderr() { 1 } else { error.exit_code() })
    })
}

impl Probe {
    /// Asks, prints the outcome in one line on standard error, and returns the exit status.
    #[must_use]
    pub fn main(self) -> ExitCode {
        let mut status = 0;
        let ended = launcher::run(async {
            launcher::exit_on_panic(RPC_FAILED);
            let (code, line) = self.ask().await.unwrap_or_else(|failure| failure);
            print_error(&line);
            status = code;
            Ok(())
        });
        // A signal ends `run` with an error. To a caller, 1 would mean invalid arguments.
        (if ended == ExitCode::SUCCESS { status } else { RPC_FAILED }).into()
    }

    /// Asks once. Returns the exit status and the line to print, whether it fails or not.
    async fn ask(&self) -> Result<(u8, String), (u8, String)> {
        let (addr, limit, start) = (&self.addr, self.connect_timeout, Instant::now());
        let connection = timeout(limit, self.connect())
            .await
            .unwrap_or_else(|_| Err(format!("no HTTP/2 connection within {limit:?}").into()))
            .map_err(|error| {
                (NOT_CONNECTED, format!("cannot connect to {addr}: {}", root_cause(&*error)))
            })?;
        self.print_step("connected", start);

        let (limit, start) = (self.rpc_timeout, Instant::now());
        let mut request = Request::new(HealthCheckRequest { service: self.service.clone() });
        for (name, value) in &self.rpc_header {
            request.metadata_mut().append(name.clone(), value.clone());
        }
        request.set_timeout(limit);
        let response =
            HealthClient::new(connection).check(request).await.map_err(|status| {
                let reason = match status.code() {
                    // The server measures the time too. Its status may come first.
                    _ if start.elapsed() >= limit => format!("no answer within {limit:?}"),
                    Code::Unimplemented => "the server has no health service".into(),
                    _ => describe(&status),
                };
                (RPC_FAILED, format!("Check({:?}) failed: {reason}", self.service))
            })?;
        self.print_step("answered", start);
        // A number that the definition does not have is not SERVING, whatever it means.
        let status = ServingStatus::try_from(response.into_inner().status).unwrap_or_default();
        let code = if status == ServingStatus::Serving { 0 } else { NOT_SERVING };
        Ok((code, format!("status: {}", status.as_str_name())))
    }

    /// Connects, and waits for the server's part of the HTTP/2 handshake. An open port proves
    /// little: the system also accepts connections for a process that hangs.
    async fn connect(&self) -> Result<channel::Connection, launcher::Error> {
        // As in Go, an address without a host is this machine's.
        let host = if self.addr.starts_with(':') { "localhost" } else { "" };
        let addr = format!("{host}{}", self.addr);
        let stream = TcpStream::connect(&addr).await?;
        stream.set_nodelay(true)?;
        let peer = stream.peer_addr()?;
        Ok(handshake(stream, peer, Some(addr.parse()?), None).await?.0)
    }

    fn print_step(&self, step: &str, start: Instant) {
        if self.verbose {
            print_error(&format!("{step} (took {:?})", start.elapsed()));
        }
    }
}

fn time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write it as in 500ms or 1s"))?;
    // Production: `grpc-timeout` has limits. And a probe must not wait for hours.
    let limits = Duration::from_millis(1)..=Duration::from_secs(3_600);
    if limits.contains(&time) { Ok(time) } else { Err("not between 1ms and 1h".into()) }
}

type Header = (MetadataKey<Ascii>, MetadataValue<Ascii>);

fn header(text: &str) -> Result<Header, String> {
    let (name, value) = text.split_once(':').ok_or("write it as NAME: VALUE")?;
    let key = name.trim().to_lowercase().parse().map_err(|_| "invalid name of metadata")?;
    Ok((key, value.trim().parse().map_err(|_| "invalid characters in the value")?))
}

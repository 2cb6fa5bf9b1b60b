//! The probe: asks a server for its health once, and answers with an exit status.
//!
//! Its exit statuses are those of `grpc_health_probe`, the one in Go that most people use, and so are
//! its lines, but for the reasons that libraries give. Of that one's flags it has those below: it
//! knows no TLS and no compression.

use std::{io::Write, process::ExitCode};

use launcher::root_cause;
use tokio::time::{Instant, timeout};
use tonic::{Code, Request, Status, transport::Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

pub use crate::arguments::Probe;
use crate::{connection, registry::ServingStatus};

/// What came of it.
enum Outcome {
    /// Exit status 0.
    Serving,
    /// Exit status 2.
    NotConnected(String),
    /// Exit status 3.
    RpcFailed(String),
    /// Exit status 4.
    NotServing(ServingStatus),
}

/// The exit status for a command line that is not understood.
pub const INVALID_ARGUMENTS: u8 = 1;

impl Probe {
    /// Asks, says in one line on standard error what came of it, and returns the exit status.
    pub async fn run(&self) -> ExitCode {
        let (line, status) = match self.ask().await {
            Outcome::Serving => ("status: SERVING".into(), 0),
            Outcome::NotConnected(line) => (line, 2),
            Outcome::RpcFailed(line) => (line, 3),
            Outcome::NotServing(status) => {
                (format!("service unhealthy (responded with {:?})", status.as_str_name()), 4)
            }
        };
        say(&line);
        ExitCode::from(status)
    }

    /// Asks once.
    async fn ask(&self) -> Outcome {
        let (addr, limit) = (&self.addr, self.connect_timeout);
        let not_connected =
            |reason| format!("error: failed to connect service at {addr:?}: {reason}");
        if addr.contains(['/', '@']) {
            return Outcome::NotConnected(not_connected("it is not HOST:PORT".into()));
        }
        // As in Go, an address without a host is this machine's.
        let host = if addr.starts_with(':') { "localhost" } else { "" };
        let endpoint = Endpoint::from_shared(format!("http://{host}{addr}"))
            .and_then(|endpoint| endpoint.user_agent(self.user_agent.as_bytes()));
        let endpoint = match endpoint {
            Ok(endpoint) => endpoint,
            Err(error) => {
                return Outcome::NotConnected(not_connected(root_cause(&error).to_string()));
            }
        };
        let start = Instant::now();
        let channel = match timeout(limit, connection::ready(&endpoint)).await {
            Ok(Ok(channel)) => channel,
            Ok(Err(error)) => {
                return Outcome::NotConnected(not_connected(root_cause(&*error).to_string()));
            }
            Err(_) => {
                let line =
                    format!("timeout: failed to connect service {addr:?} within {limit:?}");
                return Outcome::NotConnected(line);
            }
        };
        self.tell(&format!("connection established (took {:?})", start.elapsed()));

        let start = Instant::now();
        let mut request = Request::new(HealthCheckRequest { service: self.service.clone() });
        for (name, value) in &self.rpc_header {
            request.metadata_mut().append(name.clone(), value.clone());
        }
        request.set_timeout(self.rpc_timeout);
        let mut client = HealthClient::new(channel);
        let response = match timeout(self.rpc_timeout, client.check(request)).await {
            Ok(Ok(response)) => response.into_inner(),
            // tonic and the server look at the clock too, and either may be first.
            Ok(Err(_)) if start.elapsed() >= self.rpc_timeout => {
                return Outcome::RpcFailed(self.too_late());
            }
            Ok(Err(status)) => return Outcome::RpcFailed(self.failed(&status)),
            Err(_) => return Outcome::RpcFailed(self.too_late()),
        };
        self.tell(&format!("answered (took {:?})", start.elapsed()));
        // A number that no definition has is not SERVING, whatever it means.
        match ServingStatus::try_from(response.status).unwrap_or_default() {
            ServingStatus::Serving => Outcome::Serving,
            status => Outcome::NotServing(status),
        }
    }

    fn failed(&self, status: &Status) -> String {
        match status.code() {
            Code::Unimplemented => format!(
                "error: this server does not implement the grpc health protocol \
                 (grpc.health.v1.Health): {}",
                status.message()
            ),
            Code::DeadlineExceeded => self.too_late(),
            _ => format!("error: health rpc failed: {}", launcher::describe(status)),
        }
    }

    fn too_late(&self) -> String {
        format!("timeout: health rpc did not complete within {:?}", self.rpc_timeout)
    }

    fn tell(&self, line: &str) {
        if self.verbose {
            say(line);
        }
    }
}

fn say(line: &str) {
    // Not `eprintln!`: it panics where standard error is closed.
    let _ = writeln!(std::io::stderr(), "{}", launcher::one_line(line));
}

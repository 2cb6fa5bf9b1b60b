//! What the server depends on: a database, played by a switch.

use launcher::transcript;
use proto::workshop::{State, dependency_server};
use tonic::{Request, Response, Status};

use crate::registry::{Registry, ServingStatus};

/// The switch. A real server would learn from its connection pool how its database is.
#[derive(Debug)]
pub struct Dependency {
    registry: Registry,
    service: &'static str,
}

impl Dependency {
    /// A database that is up, and whose state the status of `service` follows.
    #[must_use]
    pub fn new(registry: Registry, service: &'static str) -> Self {
        registry.set(service, ServingStatus::Serving);
        Self { registry, service }
    }
}

#[tonic::async_trait]
impl dependency_server::Dependency for Dependency {
    async fn set(&self, request: Request<State>) -> Result<Response<State>, Status> {
        let state = request.into_inner();
        transcript!(server, "the database is {}", if state.up { "up" } else { "down" });
        let status = if state.up { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.registry.set(self.service, status);
        Ok(Response::new(state))
    }
}

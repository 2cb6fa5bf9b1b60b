//! What the server depends on: a database, played by a switch.

use proto::workshop::{State, dependency_server};
use tokio::sync::watch;
use tonic::{Request, Response, Status};
use tracing::info;

use crate::registry::{Registry, ServingStatus};

/// The switch. A real server would learn from its connection pool how its database is.
#[derive(Debug)]
pub struct Dependency {
    up: watch::Sender<bool>,
}

impl Default for Dependency {
    fn default() -> Self {
        Self { up: watch::Sender::new(true) }
    }
}

impl Dependency {
    /// Whether the database is up, now and from here on.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<bool> {
        self.up.subscribe()
    }
}

/// Lets the status of `service` follow a database, for as long as there is one.
pub async fn follow(mut up: watch::Receiver<bool>, registry: Registry, service: &'static str) {
    loop {
        let status = if *up.borrow_and_update() {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        registry.set(service, status);
        if up.changed().await.is_err() {
            return;
        }
    }
}

#[tonic::async_trait]
impl dependency_server::Dependency for Dependency {
    async fn set(&self, request: Request<State>) -> Result<Response<State>, Status> {
        let state = request.into_inner();
        info!(target: "server", "the database is {}", if state.up { "up" } else { "down" });
        self.up.send_replace(state.up);
        Ok(Response::new(state))
    }
}

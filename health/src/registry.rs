//! The service `grpc.health.v1.Health`, and the statuses that it tells.
//!
//! `tonic-health` has such a service too, and its messages are used here. As of 0.14, its `Watch`
//! for a service that it does not know ends with NOT_FOUND, where the protocol wants
//! SERVICE_UNKNOWN, and a change when the service comes; and its watches do not end with the server.

use std::{collections::HashMap, sync::Arc};

use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::watch;
use tonic::{Request, Response, Status};
pub use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_server::{Health, HealthServer},
};

/// The whole server, to the protocol.
pub const SERVER: &str = "";

/// The statuses of a server's services. Clones share them.
#[derive(Clone, Debug)]
pub struct Registry {
    statuses: Arc<watch::Sender<Statuses>>,
}

#[derive(Clone, Debug)]
struct Statuses {
    of: HashMap<String, ServingStatus>,
    /// Where the server is in its life.
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    /// All is NOT_SERVING, and stays so.
    ShutDown,
    /// And nobody is told any more.
    Closed,
}

impl Default for Registry {
    fn default() -> Self {
        let of = HashMap::from([(SERVER.to_owned(), ServingStatus::Serving)]);
        Self { statuses: Arc::new(watch::Sender::new(Statuses { of, phase: Phase::Running })) }
    }
}

impl Registry {
    /// Sets the status of a service, which need not have had one.
    pub fn set(&self, service: &str, status: ServingStatus) {
        self.statuses.send_if_modified(|statuses| {
            statuses.phase == Phase::Running
                && statuses.of.insert(service.to_owned(), status) != Some(status)
        });
    }

    /// Sets every status to NOT_SERVING, for good: the server is about to end.
    pub fn shut_down(&self) {
        self.statuses.send_modify(|statuses| {
            statuses.phase = Phase::ShutDown;
            statuses.of.values_mut().for_each(|status| *status = ServingStatus::NotServing);
        });
    }

    /// Ends all watches, which would otherwise go on as long as their clients, and the server with
    /// them.
    pub fn close(&self) {
        self.statuses.send_modify(|statuses| statuses.phase = Phase::Closed);
    }

    /// The service to be served. A request of more than 4 KiB is refused: the names of services
    /// that are watched are kept, and known or not, they are not as long as that.
    #[must_use]
    pub fn service(&self) -> HealthServer<Self> {
        HealthServer::new(self.clone()).max_decoding_message_size(4 * 1024)
    }
}

#[tonic::async_trait]
impl Health for Registry {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        match self.statuses.borrow().of.get(&service) {
            Some(&status) => Ok(Response::new(response(status))),
            None => Err(Status::not_found(format!("service \"{service:.100}\" is not known"))),
        }
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let service = request.into_inner().service;
        let statuses = self.statuses.subscribe();
        let watch = stream::try_unfold((statuses, None), move |(mut statuses, told)| {
            let service = service.clone();
            async move {
                loop {
                    let (status, phase) = {
                        let now = statuses.borrow_and_update();
                        let status = now.of.get(&service).copied();
                        (status.unwrap_or(ServingStatus::ServiceUnknown), now.phase)
                    };
                    if told != Some(status) {
                        return Ok(Some((response(status), (statuses, Some(status)))));
                    }
                    if phase == Phase::Closed || statuses.changed().await.is_err() {
                        return Err(Status::unavailable("the server is shutting down"));
                    }
                }
            }
        });
        Ok(Response::new(watch.boxed()))
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

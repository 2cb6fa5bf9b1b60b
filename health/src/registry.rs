//! The service `grpc.health.v1.Health`, and the statuses that it reports.
//!
//! `tonic-health` has such a service too, and its messages are used here. As of 0.14, its `Watch`
//! for an unknown service ends with NOT_FOUND. The protocol wants SERVICE_UNKNOWN, and another
//! message when the service is added. And its watches do not end when the server shuts down.

use std::{collections::HashMap, sync::Arc};

use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::watch;
use tonic::{Request, Response, Status};
pub use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_server::{Health, HealthServer},
};

/// In the protocol, the empty name is the server as a whole.
pub const SERVER: &str = "";

/// The statuses of a server's services. Clones share them.
#[derive(Clone, Debug)]
pub struct Registry {
    // A `watch` channel keeps the latest value and wakes everyone who waits for a change. A slow
    // watcher misses what did not last. With a queue, it would cost memory instead.
    statuses: Arc<watch::Sender<Statuses>>,
}

#[derive(Clone, Debug)]
struct Statuses {
    of: HashMap<String, ServingStatus>,
    /// Every status is NOT_SERVING, for good.
    shut_down: bool,
    /// The watches end.
    closed: bool,
}

impl Default for Registry {
    fn default() -> Self {
        let of = HashMap::from([(SERVER.to_owned(), ServingStatus::Serving)]);
        let sender = watch::Sender::new(Statuses { of, shut_down: false, closed: false });
        Self { statuses: Arc::new(sender) }
    }
}

impl Registry {
    /// Sets the status of a service, and adds the service if it is new.
    pub fn set(&self, service: &str, status: ServingStatus) {
        // Watchers wake up only if this returns true.
        self.statuses.send_if_modified(|statuses| {
            !statuses.shut_down
                && statuses.of.insert(service.to_owned(), status) != Some(status)
        });
    }

    /// Sets every status to NOT_SERVING, for good: the server is about to end.
    pub fn shut_down(&self) {
        self.statuses.send_modify(|statuses| {
            statuses.shut_down = true;
            statuses.of.values_mut().for_each(|status| *status = ServingStatus::NotServing);
        });
    }

    /// Ends all watches. Otherwise they last as long as their clients want, and so does the server.
    pub fn close(&self) {
        self.statuses.send_modify(|statuses| statuses.closed = true);
    }

    /// The service to be served.
    ///
    /// Production: it rejects requests of more than 4 KiB. A watch keeps the name that it was called
    /// with, and no name is as long as that.
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
        let status = self.statuses.borrow().of.get(&service).copied();
        let unknown = || Status::not_found(format!("unknown service \"{service:.100}\""));
        Ok(Response::new(response(status.ok_or_else(unknown)?)))
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let service = request.into_inner().service;
        let statuses = self.statuses.subscribe();
        // `try_unfold` makes a stream of an async function: each run returns the next message
        // together with the state for the next run, here the receiver and the status sent last.
        let watch = stream::try_unfold((statuses, None), move |(mut statuses, sent)| {
            let service = service.clone();
            async move {
                loop {
                    let (status, closed) = {
                        let now = statuses.borrow_and_update();
                        let status = now.of.get(&service).copied();
                        (status.unwrap_or(ServingStatus::ServiceUnknown), now.closed)
                    };
                    if sent != Some(status) {
                        return Ok(Some((response(status), (statuses, Some(status)))));
                    }
                    if closed || statuses.changed().await.is_err() {
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

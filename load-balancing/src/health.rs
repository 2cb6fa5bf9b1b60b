//! Health: a backend that is connected may still not be well, and can say so (gRFC A17).

use std::{future::pending, time::Duration};

use futures::{StreamExt, stream};
use tokio::time::{Instant, sleep};
use tonic::{Code, Status, Streaming};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
    health_client::HealthClient,
};

use channel::{Backoff, Connection, Readiness};

/// A connection counts as ready while the backend's `grpc.health.v1` `Watch` says that `service` is
/// SERVING. A backend that does not implement health counts as ready.
#[must_use]
pub fn serving(service: &str, backoff: Backoff) -> Readiness {
    let service = service.to_owned();
    std::sync::Arc::new(move |connection| {
        let watch = Watch::new(connection, service.clone(), backoff);
        stream::unfold(watch, |mut watch| async { Some((watch.next().await, watch)) }).boxed()
    })
}

/// The health of one backend.
struct Watch {
    client: HealthClient<Connection>,
    service: String,
    backoff: Backoff,
    delays: Box<dyn Iterator<Item = Duration> + Send>,
    statuses: Option<Streaming<HealthCheckResponse>>,
    /// How long to wait before the watch is called.
    pause: Duration,
    /// When it was last called.
    called: Instant,
    /// Whether it has said anything since.
    heard: bool,
    /// Nobody is there to ask.
    unimplemented: bool,
}

impl Watch {
    fn new(connection: Connection, service: String, backoff: Backoff) -> Self {
        Self {
            client: HealthClient::new(connection),
            service,
            backoff,
            delays: Box::new(backoff.delays()),
            statuses: None,
            pause: Duration::ZERO,
            called: Instant::now(),
            heard: false,
            unimplemented: false,
        }
    }

    /// How the backend is, or why it is not well; when called again, waits for a change.
    async fn next(&mut self) -> Result<(), launcher::Error> {
        if self.unimplemented {
            return pending().await;
        }
        match self.message().await {
            Ok(ServingStatus::Serving) => Ok(()),
            Ok(other) => Err(format!("{:?} is {}", self.service, other.as_str_name()).into()),
            Err(status) if status.code() == Code::Unimplemented => {
                self.unimplemented = true;
                Ok(())
            }
            Err(status) => {
                // One that has worked may end for any reason, and is called again at once; but not
                // one that always ends with its first word.
                let delay =
                    if self.heard { Some(self.backoff.initial) } else { self.delays.next() };
                let delay = delay.unwrap_or(self.backoff.max);
                self.pause = delay.saturating_sub(self.called.elapsed());
                self.heard = false;
                Err(format!("its health cannot be watched: {}", launcher::describe(&status))
                    .into())
            }
        }
    }

    /// The next message of the watch, which is called if it is not.
    async fn message(&mut self) -> Result<ServingStatus, Status> {
        let mut statuses = match self.statuses.take() {
            Some(statuses) => statuses,
            None => self.call().await?,
        };
        let message = statuses.message().await?;
        let message = message.ok_or_else(|| Status::unavailable("the watch has ended"))?;
        self.statuses = Some(statuses);
        self.delays = Box::new(self.backoff.delays());
        self.heard = true;
        Ok(message.status())
    }

    async fn call(&mut self) -> Result<Streaming<HealthCheckResponse>, Status> {
        sleep(self.pause).await;
        self.called = Instant::now();
        let request = HealthCheckRequest { service: self.service.clone() };
        Ok(self.client.watch(request).await?.into_inner())
    }
}

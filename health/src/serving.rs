//! Client-side health checking (gRFC A17): a channel that sends calls only to healthy backends.

use std::{sync::Arc, time::Duration};

use channel::{Connection, Readiness};
use futures::StreamExt;
use launcher::{Error, describe};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::registry::ServingStatus;

/// Makes a channel use a connection only while its backend reports that `service` is SERVING. A
/// backend without a health service counts as healthy.
#[must_use]
pub fn serving(service: &str) -> Readiness {
    let service = service.to_owned();
    // The channel calls this for each new connection, and reads the reports as long as it has it.
    Arc::new(move |connection| {
        let (client, service) = (HealthClient::new(connection), service.clone());
        let (reports, readiness) = mpsc::channel(1);
        tokio::spawn(async move {
            tokio::select! {
                () = keep_watching(client, &service, &reports) => {}
                // The channel has no more use for the connection.
                () = reports.closed() => {}
            }
        });
        ReceiverStream::new(readiness).boxed()
    })
}

/// Sends a report for each status, `Ok` for a healthy backend and otherwise the reason why it must
/// get no calls.
async fn keep_watching(
    mut client: HealthClient<Connection>,
    service: &str,
    reports: &mpsc::Sender<Result<(), Error>>,
) {
    loop {
        let called = Instant::now();
        let watch = async {
            let request = HealthCheckRequest { service: service.to_owned() };
            let mut statuses = client.watch(request).await?.into_inner();
            while let Some(response) = statuses.message().await? {
                let report = match response.status() {
                    ServingStatus::Serving => Ok(()),
                    other => Err(format!("{service:?} is {}", other.as_str_name()).into()),
                };
                // An error means that `reports` is closed. Then the `select!` above ends this.
                let _ = reports.send(report).await;
            }
            Ok::<_, Status>(())
        };
        let reason = match watch.await {
            // The backend has no health service, so nothing will change.
            Err(status) if status.code() == Code::Unimplemented => {
                let _ = reports.send(Ok(())).await;
                return;
            }
            Err(status) => format!("cannot watch its health: {}", describe(&status)),
            Ok(()) => "the watch of its health has ended".into(),
        };
        let _ = reports.send(Err(reason.into())).await;
        // The watch is called again, but not more often than once a second.
        sleep_until(called + Duration::from_secs(1)).await;
    }
}

//! The client's side: asks, and watches while the database fails, recovers, and the server ends.

use std::time::Duration;

use launcher::{describe, endpoint, transcript};
use proto::workshop::{State, dependency_client::DependencyClient};
use tonic::{Code, Status, Streaming, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_client::HealthClient};

use crate::{
    registry::{SERVER, ServingStatus},
    server::PRODUCT_INFO,
};

/// Connects to the server at `target`, a `HOST:PORT`, asks for its health, and watches
/// until somebody ends the server.
pub async fn run(target: String) -> Result<(), launcher::Error> {
    run_and(target, || transcript!(client, "end the server, with Ctrl-C")).await
}

/// As [`run`], and calls `end` when nothing is left to do but to watch the server end.
pub async fn run_and(target: String, end: impl FnOnce()) -> Result<(), launcher::Error> {
    let channel = endpoint(&target)?.timeout(Duration::from_secs(10)).connect().await?;
    call(channel, end).await?;
    Ok(())
}

/// Checks and watches, and fails with the status of the first call that does not end as it should.
async fn call(channel: Channel, end: impl FnOnce()) -> Result<(), Status> {
    let mut health = HealthClient::new(channel.clone());
    check(&mut health, SERVER).await?;
    check(&mut health, PRODUCT_INFO).await?;
    check(&mut health, "no.such.Service").await?;

    let mut database = DependencyClient::new(channel);
    // Whoever was here before may have left it down.
    database.set(State { up: true }).await?;
    let request = HealthCheckRequest { service: PRODUCT_INFO.into() };
    let mut watch = health.watch(request).await?.into_inner();
    until(&mut watch, ServingStatus::Serving).await?;
    database.set(State { up: false }).await?;
    until(&mut watch, ServingStatus::NotServing).await?;
    check(&mut health, SERVER).await?;
    database.set(State { up: true }).await?;
    until(&mut watch, ServingStatus::Serving).await?;

    end();
    loop {
        match changed(&mut watch).await {
            Err(status) if status.code() == Code::Unavailable => {
                transcript!(client, "Watch({PRODUCT_INFO:?}) -> {}", describe(&status));
                return Ok(());
            }
            changed => changed?,
        };
    }
}

async fn check(health: &mut HealthClient<Channel>, service: &str) -> Result<(), Status> {
    let request = HealthCheckRequest { service: service.into() };
    match health.check(request).await {
        Ok(response) => {
            transcript!(
                client,
                "Check({service:?}) -> {}",
                response.into_inner().status().as_str_name()
            );
        }
        Err(status) if status.code() == Code::NotFound => {
            transcript!(client, "Check({service:?}) -> {}", describe(&status));
        }
        Err(status) => return Err(status),
    }
    Ok(())
}

/// Waits until the service has this status.
async fn until(
    watch: &mut Streaming<HealthCheckResponse>,
    status: ServingStatus,
) -> Result<(), Status> {
    while changed(watch).await? != status {}
    Ok(())
}

/// Waits for the next change.
async fn changed(watch: &mut Streaming<HealthCheckResponse>) -> Result<ServingStatus, Status> {
    let response = watch.message().await?;
    let status = response.ok_or_else(|| Status::unknown("the watch has ended"))?.status();
    transcript!(client, "Watch({PRODUCT_INFO:?}) -> {}", status.as_str_name());
    Ok(status)
}

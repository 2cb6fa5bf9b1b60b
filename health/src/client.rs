//! The client's side: it asks and watches while the database fails and recovers, and until the
//! server ends.

use std::time::Duration;

use channel::{Channel, Names};
use launcher::{describe, endpoint, transcript};
use proto::{
    ecommerce::{ProductId, product_info_client::ProductInfoClient},
    workshop::{State, dependency_client::DependencyClient},
};
use tokio::time::timeout;
use tonic::{Code, Status, Streaming, transport::Channel as Tonics};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_client::HealthClient};

use crate::{
    registry::{SERVER, ServingStatus},
    server::PRODUCT_INFO,
    serving::serving,
};

/// Connects to the server at `target`, a `HOST:PORT`, asks for its health, and watches until the
/// server ends.
pub async fn run(target: String) -> Result<(), launcher::Error> {
    run_and(target, || transcript!(client, "end the server with Ctrl-C")).await
}

/// Like [`run`], but calls `end` when it is time to end the server.
pub async fn run_and(target: String, end: impl FnOnce()) -> Result<(), launcher::Error> {
    let channel = endpoint(&target)?.timeout(Duration::from_secs(10)).connect().await?;
    let mut health = HealthClient::new(channel.clone());
    for service in [SERVER, PRODUCT_INFO, "no.such.Service"] {
        check(&mut health, service).await?;
    }
    let mut database = DependencyClient::new(channel);
    let has_database = match database.set(State { up: true }).await {
        Ok(_) => true,
        // Not our server. If it has a health service, we can watch that all the same.
        Err(status) if status.code() == Code::Unimplemented => false,
        Err(status) => return Err(status.into()),
    };

    // A watch is a stream: the status now, and one message for each change.
    let request = HealthCheckRequest { service: PRODUCT_INFO.into() };
    let mut watch = health.watch(request).await?.into_inner();
    changed(&mut watch).await?;
    if has_database {
        database.set(State { up: false }).await?;
        while changed(&mut watch).await? != ServingStatus::NotServing {}
        check(&mut health, SERVER).await?;

        // This channel watches too. It does not even send the call to an unhealthy server.
        let channel = Channel::to(&format!("dns:///{target}"), &Names::new())?
            .ready_when(serving(PRODUCT_INFO))
            .build();
        match ProductInfoClient::new(channel).get_product(ProductId::default()).await {
            Ok(_) => transcript!(client, "getProduct(\"\") -> a product"),
            Err(status) => transcript!(client, "getProduct(\"\") -> {}", describe(&status)),
        }
        database.set(State { up: true }).await?;
        while changed(&mut watch).await? != ServingStatus::Serving {}
    }

    end();
    // Our server ends a watch with UNAVAILABLE. Those of Go and Java cut it: the connection is
    // lost, and tonic reports UNKNOWN. Either way, the server has ended.
    let error = loop {
        if let Err(error) = changed(&mut watch).await {
            break error;
        }
    };
    let end = error.downcast_ref().map_or_else(|| error.to_string(), describe);
    transcript!(client, "Watch({PRODUCT_INFO:?}) -> {end}");
    Ok(())
}

async fn check(health: &mut HealthClient<Tonics>, service: &str) -> Result<(), Status> {
    // tonic's time limit ends with the headers of the response, and this one with its message.
    let call = health.check(HealthCheckRequest { service: service.into() });
    let call = timeout(Duration::from_secs(10), call).await;
    let answer = match call.map_err(|_| Status::deadline_exceeded("no answer"))? {
        Ok(response) => response.into_inner().status().as_str_name().to_owned(),
        Err(status) if status.code() == Code::NotFound => describe(&status),
        Err(status) => return Err(status),
    };
    transcript!(client, "Check({service:?}) -> {answer}");
    Ok(())
}

async fn changed(
    watch: &mut Streaming<HealthCheckResponse>,
) -> Result<ServingStatus, launcher::Error> {
    let status = watch.message().await?.ok_or("the server has ended the watch")?.status();
    transcript!(client, "Watch({PRODUCT_INFO:?}) -> {}", status.as_str_name());
    Ok(status)
}

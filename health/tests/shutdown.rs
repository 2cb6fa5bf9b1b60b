//! SIGTERM under load: first the watchers are told, then the port closes, and no call is lost.
#![cfg(unix)]

use futures::future::join_all;
use health::{registry::ServingStatus, server::PRODUCT_INFO};
use proto::ecommerce::{Product, product_info_client::ProductInfoClient};
use testing::Process;
use tokio::{net::TcpStream, sync::watch};
use tonic::{Code, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

const PROGRAM: &str = env!("CARGO_BIN_EXE_health");

/// Calls until it is told to stop, as one does whose balancer has noticed, and counts.
async fn call(channel: Channel, stop: watch::Receiver<bool>) -> usize {
    let mut client = ProductInfoClient::new(channel);
    let mut calls = 0;
    while !*stop.borrow() {
        let product = Product { name: "a lamp".into(), ..Product::default() };
        client.add_product(product).await.expect("no call is lost");
        calls += 1;
    }
    calls
}

#[tokio::test]
async fn watchers_are_told_before_the_port_closes_and_no_call_is_lost() {
    let mut server = Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]);
    let addr = server.addr().await;
    let channel =
        Channel::from_shared(format!("http://{addr}")).unwrap().connect().await.unwrap();
    let request = HealthCheckRequest { service: PRODUCT_INFO.into() };
    let watch = HealthClient::new(channel.clone()).watch(request).await;
    let mut watch = watch.unwrap().into_inner();
    let serving = watch.message().await.unwrap().unwrap();
    assert_eq!(serving.status(), ServingStatus::Serving);

    let (stop, stopped) = watch::channel(false);
    let callers = (0..16).map(|_| tokio::spawn(call(channel.clone(), stopped.clone())));
    let callers = callers.collect::<Vec<_>>();
    server.signal("TERM").await;

    let told = watch.message().await.unwrap().unwrap();
    assert_eq!(told.status(), ServingStatus::NotServing);
    TcpStream::connect(&addr).await.expect("the port is still open");
    stop.send_replace(true);
    let calls =
        join_all(callers).await.into_iter().map(|calls| calls.expect("no call is lost"));
    assert!(calls.sum::<usize>() > 0);

    let end = watch.message().await.unwrap_err();
    assert_eq!(end.code(), Code::Unavailable);
    assert_eq!(server.end().await.status, Some(0));
}

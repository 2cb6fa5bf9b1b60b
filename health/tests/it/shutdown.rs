//! SIGTERM under load: watchers learn it, then the port closes, and no call is lost.

use std::{pin::pin, time::Duration};

use futures::{channel::oneshot, future::join_all, poll};
use health::{registry::ServingStatus, server::PRODUCT_INFO};
use proto::ecommerce::{Product, ProductId, product_info_client::ProductInfoClient};
use testing::{Process, call_later};
use tokio::{net::TcpStream, sync::watch, time::timeout};
use tonic::{Code, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::probe::HEALTH;

fn lamp() -> Product {
    Product { name: "a lamp".into(), ..Product::default() }
}

async fn connect(addr: &str) -> Channel {
    Channel::from_shared(format!("http://{addr}")).unwrap().connect().await.unwrap()
}

/// Makes calls until `stop`, like a client whose balancer has not noticed yet. Returns how many.
async fn call(channel: Channel, stop: watch::Receiver<bool>) -> usize {
    let mut client = ProductInfoClient::new(channel);
    let mut calls = 0;
    while !*stop.borrow() {
        client.add_product(lamp()).await.expect("no call is lost");
        calls += 1;
    }
    calls
}

#[tokio::test]
async fn watchers_learn_it_before_the_port_closes_and_no_call_is_lost() {
    let mut server = Process::start(HEALTH, &["server", "--addr", "127.0.0.1:0"]);
    let addr = server.addr().await;
    let channel = connect(&addr).await;
    let (message, later) = oneshot::channel();
    let path = "/ecommerce.ProductInfo/addProduct";
    let mut in_flight = pin!(call_later::<_, ProductId>(channel.clone(), path, later));
    assert!(poll!(&mut in_flight).is_pending());
    let request = HealthCheckRequest { service: PRODUCT_INFO.into() };
    let watch = HealthClient::new(channel.clone()).watch(request).await;
    let mut watch = watch.unwrap().into_inner();
    let serving = watch.message().await.unwrap().unwrap();
    assert_eq!(serving.status(), ServingStatus::Serving);

    let (stop, stopped) = watch::channel(false);
    let callers = (0..16).map(|_| tokio::spawn(call(channel.clone(), stopped.clone())));
    let callers = callers.collect::<Vec<_>>();
    server.signal("TERM").await;

    let status = watch.message().await.unwrap().unwrap();
    assert_eq!(status.status(), ServingStatus::NotServing);
    // A client that has not noticed can still connect and call.
    ProductInfoClient::new(connect(&addr).await).add_product(lamp()).await.unwrap();
    stop.send_replace(true);
    let calls =
        join_all(callers).await.into_iter().map(|calls| calls.expect("no call is lost"));
    assert!(calls.sum::<usize>() > 0);

    let end = watch.message().await.unwrap_err();
    assert_eq!(end.code(), Code::Unavailable);
    let closed = async { while TcpStream::connect(&addr).await.is_ok() {} };
    timeout(Duration::from_secs(30), closed).await.expect("the port is closed");
    message.send(lamp()).unwrap();
    in_flight.await.expect("the call in flight is answered");
    assert_eq!(server.end().await.status, Some(0));
}

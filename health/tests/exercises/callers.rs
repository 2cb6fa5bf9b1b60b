//! 1. Report it to callers.

use health::{
    registry::ServingStatus,
    server::{PRODUCT_INFO, serve},
};
use proto::{
    ecommerce::{Product, product_info_client::ProductInfoClient},
    workshop::{State, dependency_client::DependencyClient},
};
use tokio::{net::TcpListener, sync::oneshot};
use tonic::{Code, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

/// A server that ends when the sender is dropped.
async fn start() -> (Channel, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let uri = format!("http://{}", listener.local_addr().expect("the listener is bound"));
    let (end, ended) = oneshot::channel();
    tokio::spawn(serve(listener, async { drop(ended.await) }));
    let channel = Channel::from_shared(uri).expect("it is a URI").connect().await;
    (channel.expect("the server listens"), end)
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_a_service_without_its_database_is_unavailable() {
    let (channel, _end) = start().await;
    let mut database = DependencyClient::new(channel.clone());
    let mut products = ProductInfoClient::new(channel);
    let product = Product { name: "a lamp".into(), ..Product::default() };
    let id = products.add_product(product.clone()).await.expect("it is up").into_inner();
    for up in [false, true, false] {
        database.set(State { up }).await.expect("the database can be switched");
        let added = products.add_product(product.clone()).await.map(drop);
        let got = products.get_product(id.clone()).await.map(drop);
        for (method, result) in [("addProduct", added), ("getProduct", got)] {
            let code = result.map_or_else(|status| status.code(), |()| Code::Ok);
            let expected = if up { Code::Ok } else { Code::Unavailable };
            assert_eq!(
                code,
                expected,
                "with the database {}, {method} must end with {expected:?}",
                if up { "up" } else { "down" }
            );
        }
    }

    // A server that is about to end is NOT_SERVING, but still has its database.
    let (channel, end) = start().await;
    let request = HealthCheckRequest { service: PRODUCT_INFO.into() };
    let watch = HealthClient::new(channel.clone()).watch(request).await;
    let mut watch = watch.expect("there is a health service").into_inner();
    drop(end);
    while watch.message().await.expect("the watch goes on").expect("the watch goes on").status()
        != ServingStatus::NotServing
    {}
    let added = ProductInfoClient::new(channel).add_product(product).await;
    assert!(added.is_ok(), "a server that drains still has its database and must answer");
}

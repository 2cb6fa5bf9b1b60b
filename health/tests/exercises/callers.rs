//! 1. Say so to callers.

use health::{registry::ServingStatus, server::PRODUCT_INFO};
use proto::{
    ecommerce::{Product, product_info_client::ProductInfoClient},
    workshop::{State, dependency_client::DependencyClient},
};
use tokio::sync::oneshot;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::{start, start_until};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_a_service_that_is_not_ready_says_so_to_its_callers() {
    let (_, channel) = start().await;
    let mut database = DependencyClient::new(channel.clone());
    let mut products = ProductInfoClient::new(channel);
    let product = Product { name: "a lamp".into(), ..Product::default() };
    database.set(State { up: false }).await.expect("it can be set");
    let status = products.add_product(product.clone()).await.expect_err("the database is down");
    assert_eq!(status.code(), Code::Unavailable);
    database.set(State { up: true }).await.expect("it can be set");
    let id =
        products.add_product(product.clone()).await.expect("the database is up").into_inner();
    database.set(State { up: false }).await.expect("it can be set");
    let status = products.get_product(id.clone()).await.expect_err("the database is down");
    assert_eq!(status.code(), Code::Unavailable);
    database.set(State { up: true }).await.expect("it can be set");
    products.get_product(id).await.expect("the database is up");

    // Another server has a database of its own. It is about to end, and still serves.
    database.set(State { up: false }).await.expect("it can be set");
    let (end, ended) = oneshot::channel::<()>();
    let (_, channel) = start_until(async { drop(ended.await) }).await;
    let request = HealthCheckRequest { service: PRODUCT_INFO.into() };
    let watch = HealthClient::new(channel.clone()).watch(request).await;
    let mut watch = watch.expect("it is known").into_inner();
    let mut next =
        async || watch.message().await.expect("it goes on").expect("it goes on").status();
    assert_eq!(next().await, ServingStatus::Serving);
    drop(end);
    assert_eq!(next().await, ServingStatus::NotServing);
    let added = ProductInfoClient::new(channel).add_product(product).await;
    added.expect("NOT_SERVING is not UNAVAILABLE: its database is up");
}

//! 2. Is it alive?

use proto::ecommerce::{ProductId, product_info_client::ProductInfoClient};
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_the_server_by_hand_reports_that_it_serves() {
    let (_server, channel) = crate::server().await;
    let mut client = HealthClient::new(channel.clone());
    for service in ["", "ecommerce.ProductInfo"] {
        let request = HealthCheckRequest { service: service.into() };
        let answer = client.check(request).await;
        let answer = answer.expect("/grpc.health.v1.Health/Check should be answered");
        let status = answer.into_inner().status();
        assert_eq!(status, ServingStatus::Serving, "field 1 should be 1, which is SERVING");
    }
    let watch = client.watch(HealthCheckRequest::default()).await.map(drop);
    let code = watch.expect_err("Watch is another method").code();
    assert_eq!(code, Code::Unimplemented, "only Check should be answered");
    let mut products = ProductInfoClient::new(channel);
    let id = ProductId { value: "watch".into() };
    products.get_product(id).await.expect("getProduct should be answered as before");
}

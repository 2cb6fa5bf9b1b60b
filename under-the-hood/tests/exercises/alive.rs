//! 2. Is it alive?

use proto::ecommerce::{ProductId, product_info_client::ProductInfoClient};
use testing::Process;
use tonic::{Code, transport::Endpoint};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
    health_client::HealthClient,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_under-the-hood");

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_the_server_by_hand_says_that_it_is_serving() {
    let args = ["server", "--by-hand", "--addr", "127.0.0.1:0"];
    let mut server = Process::start(PROGRAM, &args);
    let addr = server.addr().await;
    let endpoint = Endpoint::from_shared(format!("http://{addr}")).expect("it is a URI");
    let channel = endpoint.connect().await.expect("it listens");
    let mut client = HealthClient::new(channel.clone());
    for service in ["", "ecommerce.ProductInfo"] {
        let request = HealthCheckRequest { service: service.into() };
        let answer = client.check(request).await.expect("it is answered").into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving);
    }
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.expect("it is open");
    let path = http::uri::PathAndQuery::from_static("/no.such.Service/Check");
    let codec = tonic_prost::ProstCodec::<HealthCheckRequest, HealthCheckRequest>::default();
    let request = tonic::Request::new(HealthCheckRequest::default());
    let status = grpc.unary(request, path, codec).await.expect_err("that is another service");
    assert_eq!(status.code(), Code::Unimplemented);
    grpc.ready().await.expect("it is open");
    let path = http::uri::PathAndQuery::from_static("/grpc.health.v1.Health/Check");
    let codec = tonic_prost::ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
    let nothing = tonic::Request::new(futures::stream::empty());
    let called = grpc.client_streaming(nothing, path, codec).await;
    assert_eq!(called.expect_err("no message came").code(), Code::Internal);
    let watch = client.watch(HealthCheckRequest::default()).await;
    let status = watch.map(drop).expect_err("that is another method");
    assert_eq!(status.code(), Code::Unimplemented);
    let mut products = ProductInfoClient::new(channel);
    let id = ProductId { value: "watch".into() };
    products.get_product(id).await.expect("it is there as before");
}

//! 2. Unknown services by name.

use multiplexing::server::services;
use proto::{
    ecommerce::{ProductId, product_info_client::ProductInfoClient},
    helloworld::{HelloReply, HelloRequest, greeter_client::GreeterClient},
};
use testing::in_memory;
use tonic::{Code, Request, client::Grpc};
use tonic_prost::ProstCodec;

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_an_unknown_service_is_named() {
    let channel = in_memory(services()).await;
    let unknown =
        ProductInfoClient::new(channel.clone()).get_product(ProductId::default()).await;
    let status = unknown.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert!(
        status.message().contains("ecommerce.ProductInfo"),
        "the message must contain the unknown service, but it is {:?}",
        status.message()
    );

    let path = format!("/{}/x", "long.".repeat(1_000));
    let mut client = Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let codec = ProstCodec::<HelloRequest, HelloReply>::default();
    let request = Request::new(HelloRequest::default());
    let status = client.unary(request, path.parse().unwrap(), codec).await.unwrap_err();
    let length = status.message().len();
    assert!(length < 200, "the message must be short, but it has {length} bytes");

    let hello = GreeterClient::new(channel).say_hello(HelloRequest::default()).await;
    assert!(hello.is_ok(), "the known services must work as before");
}

//! The contract of the two services.

use std::error::Error;

use multiplexing::{
    client,
    server::{Hello, services},
};
use proto::{
    ecommerce::{
        ProductId, order_management_client::OrderManagementClient,
        product_info_client::ProductInfoClient,
    },
    helloworld::{HelloReply, HelloRequest, greeter_server::GreeterServer},
};
use testing::{Process, in_memory, start};
use tonic::{
    Code, Request, Response, Status,
    body::Body,
    client::Grpc,
    codegen::http,
    service::Routes,
    transport::{Channel, Server},
};
use tonic_prost::ProstCodec;
use tower::{Layer, util::MapRequestLayer};

use crate::memory::say_hello;

#[tokio::test]
async fn say_hello_returns_hello_and_the_name() {
    let channel = in_memory(services()).await;
    for name in ["Rust", "", "two words", "grüezi"] {
        let expected = format!("Hello {name}");
        assert_eq!(say_hello(channel.clone(), name).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn the_same_channel_reaches_the_orders() {
    let channel = in_memory(services()).await;
    say_hello(channel.clone(), "x").await.unwrap();
    let order = OrderManagementClient::new(channel).get_order("103".to_owned()).await;
    assert_eq!(order.unwrap().into_inner().items, ["Apple Watch S4"]);
}

async fn call_path(
    channel: Channel,
    path: &'static str,
) -> Result<Response<HelloReply>, Status> {
    let mut client = Grpc::new(channel);
    client.ready().await.unwrap();
    let codec = ProstCodec::<HelloRequest, HelloReply>::default();
    client.unary(Request::new(HelloRequest::default()), path.parse().unwrap(), codec).await
}

#[tokio::test]
async fn an_unknown_service_or_method_is_unimplemented() {
    let channel = in_memory(services()).await;
    call_path(channel.clone(), "/helloworld.Greeter/SayHello").await.unwrap();
    for path in [
        "/helloworld.Greeter/SayGoodbye",
        "/ecommerce.OrderManagement/SayHello",
        "/helloworld.Greeter/sayHello",
        "/helloworld.Farewell/SayGoodbye",
        "/Greeter/SayHello",
        "/",
    ] {
        let status = call_path(channel.clone(), path).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{path}");
        assert!(status.source().is_none(), "{path}: the server sent it");
    }
}

#[tokio::test]
async fn a_service_that_is_not_added_is_unimplemented() {
    let mut services = Routes::builder();
    services.add_service(GreeterServer::new(Hello));
    let channel = in_memory(services.routes()).await;
    assert_eq!(say_hello(channel.clone(), "x").await.unwrap(), "Hello x");
    let orders = OrderManagementClient::new(channel.clone()).get_order("103".to_owned()).await;
    assert_eq!(orders.unwrap_err().code(), Code::Unimplemented);
    let product = ProductInfoClient::new(channel).get_product(ProductId::default()).await;
    assert_eq!(product.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn the_greeter_refuses_requests_of_more_than_64_kib_and_the_orders_do_not() {
    let channel = in_memory(services()).await;
    // Protobuf adds four bytes to the name.
    say_hello(channel.clone(), &"x".repeat(65_532)).await.unwrap();
    let status = say_hello(channel.clone(), &"x".repeat(65_533)).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);

    let mut order = testing::order("101", &["a lamp"], "Seoul");
    order.description = "x".repeat(70_000);
    OrderManagementClient::new(channel).add_order(order).await.unwrap();
}

/// The end of a call without a status is no UNIMPLEMENTED.
#[tokio::test]
async fn the_client_fails_when_a_server_drops_a_call() {
    for unknown in ["/helloworld.Greeter/SayGoodbye", "/helloworld.Farewell/SayGoodbye"] {
        let panics = MapRequestLayer::new(move |request: http::Request<Body>| {
            assert_ne!(request.uri().path(), unknown, "this call is dropped");
            request
        });
        let service = panics.layer(services().prepare());
        let error = client::call(in_memory(service).await).await.unwrap_err();
        assert!(error.is::<Status>(), "{error}");
    }
}

#[tokio::test]
async fn the_client_continues_when_a_server_has_the_methods_that_ours_lacks() {
    // Calls SayHello instead of any other greeting.
    let say_hello_instead = |mut request: http::Request<_>| {
        if request.uri().path().ends_with("/SayGoodbye") {
            *request.uri_mut() = http::Uri::from_static("/helloworld.Greeter/SayHello");
        }
        request
    };
    let addr = start(|listener, shutdown| async move {
        Server::builder()
            .layer(MapRequestLayer::new(say_hello_instead))
            .add_routes(services())
            .serve_with_incoming_shutdown(launcher::incoming(listener), shutdown)
            .await
    })
    .await;
    let args = ["client", "--addr", &addr];
    let client = Process::start(env!("CARGO_BIN_EXE_multiplexing"), &args).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
    for path in ["/helloworld.Greeter/SayGoodbye", "/helloworld.Farewell/SayGoodbye"] {
        let line = format!("client | {path} -> accepted; our server refuses this\n");
        assert!(client.stdout.contains(&line), "{}", client.stdout);
    }
}

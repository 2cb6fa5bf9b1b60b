//! 1. Services chosen at start-up.

use std::time::Duration;

use proto::{
    ecommerce::order_management_client::OrderManagementClient,
    helloworld::{HelloRequest, greeter_client::GreeterClient},
};
use testing::Process;
use tokio::time::timeout;
use tonic::transport::Endpoint;

const PROGRAM: &str = env!("CARGO_BIN_EXE_multiplexing");

/// Starts a server, and returns which of the two services it has.
async fn offered(environment: &str) -> Vec<&'static str> {
    let args = [environment, PROGRAM, "server", "--addr", "127.0.0.1:0"];
    let mut server = Process::start("env", &args);
    let endpoint = Endpoint::from_shared(format!("http://{}", server.addr().await)).unwrap();
    let channel = endpoint.connect().await.unwrap();
    let order = OrderManagementClient::new(channel.clone()).get_order("102".to_owned()).await;
    let hello = GreeterClient::new(channel).say_hello(HelloRequest::default()).await;
    let mut offered = Vec::new();
    offered.extend(order.is_ok().then_some("ecommerce.OrderManagement"));
    offered.extend(hello.is_ok().then_some("helloworld.Greeter"));
    offered
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_services_are_chosen_at_start_up() {
    let (orders, greeter) = ("ecommerce.OrderManagement", "helloworld.Greeter");
    for (environment, expected) in [
        ("OTHER=x".to_owned(), vec![orders, greeter]),
        (format!("SERVICES={greeter}"), vec![greeter]),
        (format!("SERVICES={orders}"), vec![orders]),
        (format!("SERVICES={greeter},{orders}"), vec![orders, greeter]),
    ] {
        let offered = offered(&environment).await;
        assert!(
            offered == expected,
            "with {environment}, the server must not offer {offered:?}"
        );
    }

    // One of two names is wrong.
    let names = "SERVICES=helloworld.Greeter,helloworld.Greter";
    let args = [names, PROGRAM, "server", "--addr", "127.0.0.1:0"];
    let end = timeout(Duration::from_secs(10), Process::start("env", &args).end()).await;
    let end = end.expect("an unknown name in SERVICES must end the server");
    assert_eq!(end.status, Some(1), "an unknown name must end the server with status 1");
    assert!(
        end.stderr.contains("helloworld.Greter"),
        "the error must contain the unknown name"
    );
}

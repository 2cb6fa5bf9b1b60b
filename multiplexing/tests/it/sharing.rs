//! Calls that share a connection, and do not wait for each other.

use std::sync::Mutex;

use futures::StreamExt;
use multiplexing::client;
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use testing::network::settle;
use tokio::join;
use tonic::transport::Server;

use crate::memory::{OpenStream, connect, is_answered, our_endpoint, ours, say_hello, start};

#[tokio::test(start_paused = true)]
async fn all_calls_of_the_client_share_one_connection() {
    let network = start(launcher::builder());
    client::call(connect(&network, our_endpoint()).await).await.unwrap();
    assert_eq!(network.attempts(1).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_client_also_works_with_a_server_without_a_limit() {
    let network = start(Server::builder());
    client::call(connect(&network, our_endpoint()).await).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_second_channel_opens_a_second_connection_and_a_clone_does_not() {
    let network = start(launcher::builder());
    let first = connect(&network, our_endpoint()).await;
    say_hello(first.clone(), "x").await.unwrap();
    settle().await;
    assert_eq!(network.connections(1), 1);
    let second = connect(&network, our_endpoint()).await;
    say_hello(second, "x").await.unwrap();
    assert_eq!(network.connections(1), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_is_answered_while_a_stream_is_open() {
    let channel = ours().await;
    let stream = OpenStream::new(&channel).await;
    stream.ids.send("102".to_owned()).await.unwrap();
    assert!(is_answered(&channel).await);
    assert_eq!(stream.end().await.len(), 1, "the stream was open all the time");
}

#[tokio::test(start_paused = true)]
async fn a_small_answer_overtakes_a_large_one() {
    let channel = ours().await;
    let mut stub = OrderManagementClient::new(channel.clone());
    let mut order = testing::order("1", &["a lamp"], "Seoul");
    order.description = "x".repeat(900_000);
    stub.add_order(order).await.unwrap();

    let order_of_ends = Mutex::new(Vec::new());
    let large = async {
        let found = stub.search_orders("lamp".to_owned()).await.unwrap().into_inner();
        let found: Vec<Order> = found.map(Result::unwrap).collect().await;
        assert_eq!(found.len(), 1);
        order_of_ends.lock().unwrap().push("large");
    };
    let small = async {
        say_hello(channel, "x").await.unwrap();
        order_of_ends.lock().unwrap().push("small");
    };
    join!(biased; large, small);
    assert_eq!(*order_of_ends.lock().unwrap(), ["small", "large"]);
}

#[tokio::test(start_paused = true)]
async fn every_call_on_a_connection_is_lost_with_it() {
    let network = start(launcher::builder());
    let channel = connect(&network, our_endpoint()).await;
    let mut stub = OrderManagementClient::new(channel.clone());
    let pending = || futures::stream::pending::<String>();
    let mut first = stub.clone().process_orders(pending()).await.unwrap().into_inner();
    let mut second = stub.process_orders(pending()).await.unwrap().into_inner();
    network.kill(1);
    assert!(first.message().await.is_err());
    assert!(second.message().await.is_err());
}

//! More calls than a connection may have.

use std::time::Duration;

use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use proto::helloworld::{HelloRequest, greeter_client::GreeterClient};
use testing::network::settle;
use tokio::time::Instant;
use tonic::{Code, Request, transport::Server};

use crate::memory::{OpenStream, connect, is_answered, our_endpoint, ours, say_hello, start};

#[tokio::test(start_paused = true)]
async fn call_200_is_answered_and_call_201_waits_until_another_ends() {
    let channel = ours().await;
    let mut streams = OpenStream::fill(&channel).await;
    streams.pop().unwrap().end().await;
    assert!(is_answered(&channel).await, "199 streams are open");

    streams.push(OpenStream::new(&channel).await);
    let mut call = Box::pin(say_hello(channel.clone(), "x"));
    assert!((&mut call).now_or_never().is_none());
    settle().await;
    assert!((&mut call).now_or_never().is_none(), "200 streams are open");

    streams.pop().unwrap().end().await;
    assert_eq!(call.await.unwrap(), "Hello x");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_makes_room_too() {
    let channel = ours().await;
    let mut streams = OpenStream::fill(&channel).await;
    assert!(!is_answered(&channel).await);
    streams.pop();
    settle().await;
    assert!(is_answered(&channel).await);
}

#[tokio::test(start_paused = true)]
async fn waiting_calls_are_sent_in_the_order_in_which_they_started() {
    let channel = ours().await;
    let mut streams = OpenStream::fill(&channel).await;
    let names = (0..20).map(|number| number.to_string()).collect::<Vec<_>>();
    let mut calls = FuturesUnordered::new();
    for name in &names {
        let mut call = Box::pin(say_hello(channel.clone(), name));
        assert!((&mut call).now_or_never().is_none());
        calls.push(call);
    }
    settle().await;
    assert!(calls.next().now_or_never().is_none(), "all of them wait");
    // One place is enough for all of them, one after the other.
    streams.pop().unwrap().end().await;
    let ended =
        calls.map(|reply| reply.unwrap().replace("Hello ", "")).collect::<Vec<_>>().await;
    assert_eq!(ended, names);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_call_includes_the_time_for_which_it_waits() {
    let channel = ours().await;
    let streams = OpenStream::fill(&channel).await;
    let start = Instant::now();
    let mut request = Request::new(HelloRequest::default());
    request.set_timeout(Duration::from_secs(3));
    let status = GreeterClient::new(channel).say_hello(request).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Cancelled, "Timeout expired"));
    assert_eq!(start.elapsed().as_secs(), 3);
    drop(streams);
}

#[tokio::test(start_paused = true)]
async fn another_connection_has_a_limit_of_its_own() {
    let network = start(launcher::builder());
    let first = connect(&network, our_endpoint()).await;
    let _streams = OpenStream::fill(&first).await;
    assert!(!is_answered(&first).await);
    let second = connect(&network, our_endpoint()).await;
    assert!(is_answered(&second).await);
}

#[tokio::test(start_paused = true)]
async fn without_the_setting_tonics_server_has_no_limit() {
    let channel = connect(&start(Server::builder()), our_endpoint()).await;
    let _streams = OpenStream::fill(&channel).await;
    let _more = OpenStream::fill(&channel).await;
    assert!(is_answered(&channel).await);
}

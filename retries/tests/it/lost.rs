//! Calls whose connection ends, and calls that no backend has processed.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use proto::echo::{echo_client::EchoClient, echo_server::EchoServer};
use retries::{
    client::UNARY_ECHO,
    retries::{Retries, RetryPolicy},
};
use tonic::{Code, service::Routes};

use crate::{
    network::{Network, settle},
    scripted::{Scripted, say, stub},
};

#[tokio::test(start_paused = true)]
async fn a_call_whose_connection_is_lost_is_repeated_on_another() {
    let (one, other) = (Scripted::default(), Scripted::default());
    let (mut stub, network) = stub(&[&one, &other], 4).await;
    let call = tokio::spawn(async move { stub.unary_echo(say("wait")).await });
    settle().await;
    assert_eq!((one.calls(), other.calls()), (1, 0));
    network.kill(1);
    settle().await;
    tokio::time::sleep(Duration::from_millis(101)).await;
    assert_eq!((one.calls(), other.calls()), (1, 1));
    other.go.notify_one();
    call.await.expect("no panic").expect("the other answers");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_not_be_repeated_fails_with_its_connection_and_says_which() {
    let backend = Scripted::default();
    let network = Network::default();
    network.serve(1, Routes::new(EchoServer::new(backend.clone())));
    let channel = crate::network::channel(&network, &[1]).build();
    let mut stub = EchoClient::new(Retries::new(channel));
    let call = tokio::spawn(async move { stub.unary_echo(say("wait")).await });
    settle().await;
    network.kill(1);
    let status = call.await.expect("no panic").expect_err("it is lost");
    assert_eq!((status.code(), backend.calls()), (Code::Unavailable, 1));
    assert!(status.message().starts_with("the connection to 10.0.0.1:50051 was lost: "));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_a_backend_has_refused_to_look_at_is_repeated_once_whatever_its_method() {
    let network = Network::default();
    let (mut incoming, _stop) = network.listen(1);
    let refused = Arc::new(Mutex::new(0));
    let count = Arc::clone(&refused);
    tokio::spawn(async move {
        let stream = incoming.recv().await.expect("it connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        while let Some(Ok((_, mut call))) = connection.accept().await {
            *count.lock().unwrap() += 1;
            call.send_reset(h2::Reason::REFUSED_STREAM);
        }
    });
    let channel = crate::network::channel(&network, &[1]).build();
    let mut stub = EchoClient::new(Retries::new(channel));
    let status = stub.unary_echo(say("hi")).await.expect_err("it is refused");
    assert_eq!((status.code(), *refused.lock().unwrap()), (Code::Unavailable, 2));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waited_for_a_stream_is_not_lost_with_the_connection() {
    let (one, other) = (Scripted::default(), Scripted::default());
    let network = Network::default();
    let (mut incoming, _stop) = network.listen(1);
    let backend = EchoServer::new(one.clone());
    tokio::spawn(async move {
        let stream = incoming.recv().await.expect("it connects");
        let stream = tokio_stream::once(Ok::<_, std::io::Error>(stream));
        let mut server = tonic::transport::Server::builder().max_concurrent_streams(1);
        server.add_service(backend).serve_with_incoming(stream).await
    });
    network.serve(2, Routes::new(EchoServer::new(other.clone())));
    let channel = crate::network::channel(&network, &[1, 2]).build();
    let stub = EchoClient::new(Retries::new(channel));
    let call = |message| {
        let mut stub = stub.clone();
        tokio::spawn(async move { stub.unary_echo(say(message)).await })
    };
    let first = call("wait");
    settle().await;
    let second = call("hi");
    settle().await;
    assert_eq!((one.calls(), other.calls()), (1, 0), "there is no stream for the second");
    network.kill(1);
    first.await.expect("no panic").expect_err("it was in flight");
    second.await.expect("no panic").expect("the other answers");
}

/// A backend whose first connection ends in the middle of a response, and the second not.
async fn half_a_response(network: &Network, number: u8, parts: usize) {
    let (mut incoming, _stop) = network.listen(number);
    for last in [parts, usize::MAX] {
        let stream = incoming.recv().await.expect("the channel connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        let (_, mut call) = connection.accept().await.expect("a call").expect("no error");
        let head = http::Response::builder().header("content-type", "application/grpc");
        let head = head.body(()).expect("the headers are valid");
        let mut body = call.send_response(head, false).expect("the stream is open");
        if last > 0 {
            // An empty message.
            body.send_data(vec![0; 5].into(), false).expect("the stream is open");
        }
        if last > 1 {
            let mut trailers = http::HeaderMap::new();
            trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
            body.send_trailers(trailers).expect("the stream is open");
        }
        // Sends everything, and answers until the test has what it needs.
        let wait = tokio::time::sleep(Duration::from_secs(2));
        tokio::select! { () = wait => {}, _ = connection.accept() => {} }
    }
}

#[tokio::test(start_paused = true)]
async fn a_unary_call_is_repeated_when_half_of_its_response_is_lost() {
    for parts in [0, 1] {
        let network = Network::default();
        let backend = network.clone();
        tokio::spawn(async move { half_a_response(&backend, 1, parts).await });
        settle().await;
        let channel = crate::network::channel(&network, &[1]).build();
        let retries = Retries::new(channel).unary(UNARY_ECHO, RetryPolicy::default());
        let answer = EchoClient::new(retries).unary_echo(say("hi")).await;
        answer.unwrap_or_else(|status| panic!("after {parts} messages: {status:?}"));
    }
}

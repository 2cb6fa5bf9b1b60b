//! What becomes of calls whose connection ends, and of those that nobody has looked at.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use channel::Channel;
use load_balancing::retries::{Retries, RetryPolicy};
use proto::echo::{echo_client::EchoClient, echo_server::EchoServer};
use tonic::{Code, service::Routes};

use crate::{
    network::{Network, settle, told},
    scripted::{STREAMING_ECHO, Scripted, say, stub},
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
    let channel = Channel::over(told(&[1]).1).connector(connect(&network)).build();
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
    let channel = Channel::over(told(&[1]).1).connector(connect(&network)).build();
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
    let channel = Channel::over(told(&[1, 2]).1).connector(connect(&network)).build();
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

#[tokio::test(start_paused = true)]
async fn a_backend_that_answers_early_gets_all_that_was_sent_before() {
    let network = Network::default();
    let (mut incoming, _stop) = network.listen(1);
    let (length, received) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        // The first reads some of it, and hangs up.
        let stream = incoming.recv().await.expect("it connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        let (call, _respond) = connection.accept().await.expect("a call").expect("no error");
        let read = async {
            let mut body = call.into_body();
            let mut read = 0;
            while read < 100_000 {
                let data = body.data().await.expect("there is more").expect("no error");
                body.flow_control().release_capacity(data.len()).expect("it was received");
                read += data.len();
            }
        };
        tokio::select! { () = read => {}, _ = connection.accept() => {} }
        // Later than the shortest backoff, so that it is connected to anew at once.
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(connection);

        // The second answers at once, and then reads all.
        let stream = incoming.recv().await.expect("it connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        let (call, mut respond) = connection.accept().await.expect("a call").expect("no error");
        let head = http::Response::builder().header("content-type", "application/grpc");
        let head = head.body(()).expect("it is a response");
        let mut answer = respond.send_response(head, false).expect("the stream is open");
        let read = async {
            let mut body = call.into_body();
            let mut read = 0;
            while let Some(data) = body.data().await {
                let data = data.expect("no error");
                body.flow_control().release_capacity(data.len()).expect("it was received");
                read += data.len();
            }
            let _ = length.send(read);
            let trailers = [("grpc-status", "2")].map(|(name, value)| {
                (name.parse().expect("a name"), value.parse().expect("a value"))
            });
            answer.send_trailers(trailers.into_iter().collect()).expect("the stream is open");
            std::future::pending::<()>().await;
        };
        tokio::select! { () = read => {}, _ = connection.accept() => {} }
    });
    let channel = Channel::over(told(&[1]).1).connector(connect(&network)).build();
    let retries = Retries::new(channel).method(STREAMING_ECHO, RetryPolicy::default());
    let messages = tokio_stream::iter(vec![say(&"x".repeat(9_990)); 20]);
    let mut stub = EchoClient::new(retries);
    let call = tokio::spawn(async move { stub.client_streaming_echo(messages).await });
    // A prefix of 5 bytes, and a field of 3 and 9,990.
    assert_eq!(received.await.expect("it has read all"), 20 * 9_998);
    call.await.expect("no panic").expect_err("the backend says UNKNOWN");
}

#[tokio::test(start_paused = true)]
async fn a_proxy_without_a_backend_is_unavailable() {
    let network = Network::default();
    let (mut incoming, _stop) = network.listen(1);
    tokio::spawn(async move {
        let stream = incoming.recv().await.expect("it connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        let (_, mut call) = connection.accept().await.expect("a call").expect("no error");
        let answer = http::Response::builder().status(502).body(()).expect("it is a response");
        call.send_response(answer, true).expect("the stream is open");
        while connection.accept().await.is_some() {}
    });
    let channel = Channel::over(told(&[1]).1).connector(connect(&network)).build();
    let mut stub = EchoClient::new(channel);
    let status = stub.unary_echo(say("hi")).await.expect_err("a proxy has answered");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("10.0.0.1:50051 has answered with HTTP status 502"));
}

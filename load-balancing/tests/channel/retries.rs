//! Which calls are made again, and which are not.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::stream::{self, BoxStream};
use load_balancing::{
    backoff::Backoff,
    channel::Channel,
    retries::{Retries, RetryPolicy},
    round_robin::RoundRobin,
    stub::UNARY_ECHO,
};
use proto::echo::{
    EchoRequest, EchoResponse,
    echo_client::EchoClient,
    echo_server::{Echo, EchoServer},
};
use tokio::{sync::Notify, time::Instant};
use tokio_stream::StreamExt as _;
use tonic::{
    Code, Request, Response, Status, Streaming, metadata::MetadataMap, service::Routes,
};

use crate::network::{Network, settle, told};

/// A backend whose answers are the test's.
#[derive(Clone, Default)]
struct Scripted {
    /// What the next calls end with, the last first. Where there is none, they are answered.
    failures: Arc<Mutex<Vec<Status>>>,
    /// The metadata of all calls.
    calls: Arc<Mutex<Vec<MetadataMap>>>,
    /// Calls whose message is "wait" do.
    go: Arc<Notify>,
}

impl Scripted {
    fn failing(failures: Vec<Status>) -> Self {
        Self { failures: Arc::new(Mutex::new(failures)), ..Self::default() }
    }

    fn calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    fn called<T>(&self, request: Request<T>) -> Result<T, Status> {
        let (metadata, _, message) = request.into_parts();
        self.calls.lock().unwrap().push(metadata);
        match self.failures.lock().unwrap().pop() {
            Some(status) => Err(status),
            None => Ok(message),
        }
    }
}

type Answers = BoxStream<'static, Result<EchoResponse, Status>>;

#[tonic::async_trait]
impl Echo for Scripted {
    async fn unary_echo(
        &self,
        request: Request<EchoRequest>,
    ) -> Result<Response<EchoResponse>, Status> {
        let message = self.called(request)?.message;
        if message == "wait" {
            self.go.notified().await;
        }
        Ok(Response::new(EchoResponse { message }))
    }

    type ServerStreamingEchoStream = Answers;

    /// Answers once, and then is not there any more.
    async fn server_streaming_echo(
        &self,
        request: Request<EchoRequest>,
    ) -> Result<Response<Answers>, Status> {
        self.called(request)?;
        let answers = [Ok(EchoResponse::default()), Err(Status::unavailable("gone"))];
        Ok(Response::new(Box::pin(stream::iter(answers))))
    }

    /// Reads a message, and then does what the script says.
    async fn client_streaming_echo(
        &self,
        request: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<EchoResponse>, Status> {
        let (metadata, extensions, mut messages) = request.into_parts();
        let mut message = messages.message().await?.expect("there is one").message;
        self.called(Request::from_parts(metadata, extensions, ()))?;
        while let Some(next) = messages.message().await? {
            message.push_str(&next.message);
        }
        Ok(Response::new(EchoResponse { message }))
    }

    type BidirectionalStreamingEchoStream = Answers;

    async fn bidirectional_streaming_echo(
        &self,
        _: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<Answers>, Status> {
        Err(Status::unimplemented("it is not needed here"))
    }
}

const STREAMING_ECHO: &str = "/grpc.examples.echo.Echo/ClientStreamingEcho";

/// A stub to these backends, and the network that they are on. Calls of `UnaryEcho` and
/// `ClientStreamingEcho` may be repeated.
async fn stub(backends: &[&Scripted], max_attempts: u32) -> (EchoClient<Retries>, Network) {
    let network = Network::default();
    for (number, backend) in (1..).zip(backends) {
        network.serve(number, Routes::new(EchoServer::new((*backend).clone())));
    }
    let numbers = (1..).take(backends.len()).collect::<Vec<u8>>();
    let channel = Channel::over(told(&numbers).1)
        .policy(RoundRobin::default())
        .connector(network.connector())
        .build();
    channel.connected().await;
    let backoff =
        Backoff { initial: Duration::from_millis(100), jitter: 0.0, ..Backoff::default() };
    let policy = RetryPolicy { max_attempts, backoff };
    let retries =
        Retries::new(channel).method(UNARY_ECHO, policy).method(STREAMING_ECHO, policy);
    (EchoClient::new(retries), network)
}

fn unavailable() -> Status {
    Status::unavailable("not now")
}

fn say(message: &str) -> EchoRequest {
    EchoRequest { message: message.into() }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ends_with_unavailable_is_repeated_after_the_backoff() {
    let backend = Scripted::failing(vec![unavailable(), unavailable()]);
    let (mut stub, _network) = stub(&[&backend], 4).await;
    let start = Instant::now();
    stub.unary_echo(say("hi")).await.expect("the third attempt is answered");
    assert_eq!(backend.calls(), 3);
    // 100 ms and 160 ms.
    assert!((260..265).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_attempts_are_numbered_for_the_backend() {
    let backend = Scripted::failing(vec![unavailable(), unavailable()]);
    let (mut stub, _network) = stub(&[&backend], 4).await;
    stub.unary_echo(say("hi")).await.expect("the third attempt is answered");
    let numbers = backend
        .calls
        .lock()
        .unwrap()
        .iter()
        .map(|metadata| {
            metadata.get("grpc-previous-rpc-attempts").map(|n| n.to_str().unwrap().to_owned())
        })
        .collect::<Vec<_>>();
    assert_eq!(numbers, [None, Some("1".into()), Some("2".into())]);
}

#[tokio::test(start_paused = true)]
async fn another_status_is_final() {
    let backend = Scripted::failing(vec![Status::internal("broken")]);
    let (mut stub, _network) = stub(&[&backend], 4).await;
    let status = stub.unary_echo(say("hi")).await.expect_err("it is broken");
    assert_eq!((status.code(), backend.calls()), (Code::Internal, 1));
}

#[tokio::test(start_paused = true)]
async fn a_method_without_a_policy_has_one_attempt() {
    let backend = Scripted::failing(vec![unavailable()]);
    let (mut stub, _network) = stub(&[&backend], 4).await;
    let status = stub.server_streaming_echo(say("hi")).await.expect_err("it is not there");
    assert_eq!((status.code(), backend.calls()), (Code::Unavailable, 1));
}

#[tokio::test(start_paused = true)]
async fn there_are_no_more_attempts_than_the_policy_says_and_never_more_than_5() {
    for (max_attempts, expected) in [(0, 1), (1, 1), (2, 2), (5, 5), (100, 5)] {
        let backend = Scripted::failing(vec![unavailable(); 200]);
        let (mut stub, _network) = stub(&[&backend], max_attempts).await;
        stub.unary_echo(say("hi")).await.expect_err("it is not there");
        assert_eq!(backend.calls(), expected, "{max_attempts}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_attempt_is_made_past_the_deadline() {
    let backend = Scripted::failing(vec![unavailable(); 10]);
    let (mut stub, _network) = stub(&[&backend], 5).await;
    let mut request = Request::new(say("hi"));
    request.set_timeout(Duration::from_millis(300));
    let start = Instant::now();
    let status = stub.unary_echo(request).await.expect_err("it is not there");
    assert_eq!(status.code(), Code::Unavailable);
    // After 100 ms and 160 ms; the next would be 256 ms later.
    assert_eq!(backend.calls(), 3);
    assert!(start.elapsed() < Duration::from_millis(300));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_carries_what_is_left_of_the_time() {
    let backend = Scripted::failing(vec![unavailable()]);
    let (mut stub, _network) = stub(&[&backend], 5).await;
    let mut request = Request::new(say("hi"));
    request.set_timeout(Duration::from_secs(1));
    stub.unary_echo(request).await.expect("the second attempt is answered");
    let timeouts = backend
        .calls
        .lock()
        .unwrap()
        .iter()
        .map(|metadata| {
            let timeout = metadata.get("grpc-timeout").expect("it has one").to_str().unwrap();
            timeout.strip_suffix('u').expect("in microseconds").parse::<u32>().unwrap() / 10_000
        })
        .collect::<Vec<_>>();
    // In hundredths of a second; the clock of tokio counts milliseconds.
    assert!(matches!(timeouts[..], [100, 89 | 90]), "{timeouts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_backend_can_ask_for_a_later_attempt() {
    let mut later = unavailable();
    later.metadata_mut().insert("grpc-retry-pushback-ms", "5000".parse().unwrap());
    let backend = Scripted::failing(vec![later]);
    let (mut stub, _network) = stub(&[&backend], 4).await;
    let start = Instant::now();
    stub.unary_echo(say("hi")).await.expect("the second attempt is answered");
    assert_eq!(start.elapsed().as_millis() / 10, 500);
}

#[tokio::test(start_paused = true)]
async fn a_backend_can_ask_for_no_other_attempt() {
    for value in ["-1", "soon"] {
        let mut never = unavailable();
        never.metadata_mut().insert("grpc-retry-pushback-ms", value.parse().unwrap());
        let backend = Scripted::failing(vec![never]);
        let (mut stub, _network) = stub(&[&backend], 4).await;
        stub.unary_echo(say("hi")).await.expect_err("it is not there");
        assert_eq!(backend.calls(), 1, "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_too_long_to_be_kept_has_one_attempt() {
    for (length, expected) in [(200_000, 2), (300_000, 1)] {
        let backend = Scripted::failing(vec![unavailable()]);
        let (mut stub, _network) = stub(&[&backend], 4).await;
        let _ = stub.unary_echo(say(&"x".repeat(length))).await;
        assert_eq!(backend.calls(), expected, "{length} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_of_a_stream_is_sent_again_and_the_rest_after_it() {
    let backend = Scripted::failing(vec![unavailable(), unavailable()]);
    let (mut stub, _network) = stub(&[&backend], 4).await;
    // The rest comes when the first attempts have long failed.
    let rest = stream::once(async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        say(" c")
    });
    let messages = tokio_stream::iter([say("a"), say(" b")]).chain(rest);
    let answer = stub.client_streaming_echo(messages).await.expect("the third is answered");
    assert_eq!(answer.into_inner().message, "a b c");
    assert_eq!(backend.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_is_final_when_its_first_message_has_come() {
    let backend = Scripted::default();
    let path = "/grpc.examples.echo.Echo/ServerStreamingEcho";
    let network = Network::default();
    network.serve(1, Routes::new(EchoServer::new(backend.clone())));
    let channel = Channel::over(told(&[1]).1).connector(network.connector()).build();
    let mut stub = EchoClient::new(Retries::new(channel).method(path, RetryPolicy::default()));
    let mut answers =
        stub.server_streaming_echo(say("hi")).await.expect("headers").into_inner();
    answers.message().await.expect("the first comes");
    let status = answers.message().await.expect_err("and then the end");
    assert_eq!((status.code(), backend.calls()), (Code::Unavailable, 1));
}

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
    let channel = Channel::over(told(&[1]).1).connector(network.connector()).build();
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
    let channel = Channel::over(told(&[1]).1).connector(network.connector()).build();
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
    let channel = Channel::over(told(&[1, 2]).1).connector(network.connector()).build();
    let stub = EchoClient::new(Retries::new(channel));
    let calls = ["wait", "hi"].map(|message| {
        let mut stub = stub.clone();
        tokio::spawn(async move { stub.unary_echo(say(message)).await })
    });
    settle().await;
    assert_eq!((one.calls(), other.calls()), (1, 0), "there is no stream for the second");
    network.kill(1);
    let [first, second] = calls;
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
    let channel = Channel::over(told(&[1]).1).connector(network.connector()).build();
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
    let channel = Channel::over(told(&[1]).1).connector(network.connector()).build();
    let mut stub = EchoClient::new(channel);
    let status = stub.unary_echo(say("hi")).await.expect_err("a proxy has answered");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("10.0.0.1:50051 has answered with HTTP status 502"));
}

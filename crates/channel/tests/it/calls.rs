//! Calls that find no connection, and deadlines.

use std::time::Duration;

use channel::{Channel, RoundRobin, WaitForReady, is_refused};
use futures::stream::{BoxStream, StreamExt};
use proto::echo::{
    EchoRequest, EchoResponse,
    echo_client::EchoClient,
    echo_server::{Echo, EchoServer},
};
use tokio::time::{Instant, sleep};
use tonic::{Code, Request, Response, Status, Streaming, service::Routes};

use crate::network::{Network, connect, echo, echo_with, settle, told};

fn channel(network: &Network, numbers: &[u8]) -> Channel {
    Channel::over(told(numbers).1)
        .policy(RoundRobin::default())
        .connector(connect(network))
        .build()
}

fn patient() -> Request<EchoRequest> {
    let mut request = Request::new(EchoRequest::default());
    request.extensions_mut().insert(WaitForReady);
    request
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_a_connection_that_is_on_its_way() {
    let network = Network::of([1]);
    let channel = channel(&network, &[1]);
    echo(&channel).await.expect("it has waited");
}

#[tokio::test(start_paused = true)]
async fn with_all_backends_gone_a_call_fails_at_once_and_names_the_last_error() {
    let network = Network::of([1, 2]);
    let channel = channel(&network, &[1, 2]);
    channel.connected().await;
    sleep(Duration::from_secs(2)).await;
    network.kill(1);
    network.kill(2);
    settle().await;
    // Also while new attempts are made.
    for _ in 0..100 {
        let start = Instant::now();
        let status = echo(&channel).await.expect_err("no backend runs");
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.message().contains(": connection refused"), "{status:?}");
        assert_eq!(start.elapsed(), Duration::ZERO);
        sleep(Duration::from_millis(97)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn when_one_backend_returns_calls_are_answered_again() {
    let network = Network::default();
    let channel = channel(&network, &[1, 2]);
    echo(&channel).await.expect_err("no backend runs");
    network.start(2);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(echo(&channel).await.expect("it is back"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_ready_waits_where_others_fail() {
    let network = Network::default();
    let channel = channel(&network, &[1]);
    echo(&channel).await.expect_err("no backend runs");
    let call = tokio::spawn({
        let channel = channel.clone();
        async move { echo_with(&channel, patient()).await }
    });
    sleep(Duration::from_secs(30)).await;
    assert!(!call.is_finished());
    network.start(1);
    assert_eq!(call.await.expect("no panic").expect("it has waited"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_ready_respects_its_deadline() {
    let network = Network::default();
    let channel = channel(&network, &[1]);
    let mut request = patient();
    request.set_timeout(Duration::from_secs(3));
    let start = Instant::now();
    let status = echo_with(&channel, request).await.expect_err("no backend starts");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_a_connection_respects_its_deadline() {
    let network = Network::default();
    let (_held, _stop) = network.listen(1);
    let channel = channel(&network, &[1]);
    let mut request = Request::new(EchoRequest::default());
    request.set_timeout(Duration::from_millis(300));
    let start = Instant::now();
    let status = echo_with(&channel, request).await.expect_err("no backend answers");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(start.elapsed().as_millis(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_call_in_flight_ends_at_its_deadline() {
    let network = Network::default();
    network.serve(1, Routes::new(EchoServer::new(Endless)));
    let channel = channel(&network, &[1]);
    let mut request = Request::new(EchoRequest::default());
    request.set_timeout(Duration::from_secs(2));
    let start = Instant::now();
    let status = EchoClient::new(channel).unary_echo(request).await.expect_err("no answer");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_at_its_deadline_also_when_it_never_pauses() {
    let network = Network::default();
    network.serve(1, Routes::new(EchoServer::new(Endless)));
    let channel = channel(&network, &[1]);
    let mut request = Request::new(EchoRequest::default());
    request.set_timeout(Duration::from_secs(2));
    let mut client = EchoClient::new(channel);
    let answers = client.server_streaming_echo(request).await.expect("it begins");
    let mut answers = answers.into_inner();
    let start = Instant::now();
    let status = loop {
        // The reader is slower than the backend.
        sleep(Duration::from_millis(10)).await;
        if let Err(status) = answers.message().await {
            break status;
        }
    };
    assert_eq!(status.code(), Code::DeadlineExceeded);
    // The reader still gets the messages that are decoded already.
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

/// A backend that never answers one call, and never ends the other.
struct Endless;

type Answers = BoxStream<'static, Result<EchoResponse, Status>>;

#[tonic::async_trait]
impl Echo for Endless {
    async fn unary_echo(
        &self,
        _: Request<EchoRequest>,
    ) -> Result<Response<EchoResponse>, Status> {
        std::future::pending().await
    }

    type ServerStreamingEchoStream = Answers;

    async fn server_streaming_echo(
        &self,
        _: Request<EchoRequest>,
    ) -> Result<Response<Answers>, Status> {
        let answer = EchoResponse { message: "x".repeat(10_000) };
        Ok(Response::new(futures::stream::repeat(answer).map(Ok).boxed()))
    }

    async fn client_streaming_echo(
        &self,
        _: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<EchoResponse>, Status> {
        Err(Status::unimplemented("it is not needed here"))
    }

    type BidirectionalStreamingEchoStream = Answers;

    async fn bidirectional_streaming_echo(
        &self,
        _: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<Answers>, Status> {
        Err(Status::unimplemented("it is not needed here"))
    }
}

#[tokio::test(start_paused = true)]
async fn a_graceful_shutdown_costs_only_calls_that_no_backend_has_processed() {
    let network = Network::of([1, 2]);
    let channel = channel(&network, &[1, 2]);
    channel.connected().await;
    let callers = (0..64).map(|_| {
        let channel = channel.clone();
        tokio::spawn(async move {
            let mut refused = 0;
            for _ in 0..50 {
                let result = echo(&channel).await;
                // It has crossed with the GOAWAY, and may be repeated.
                if result.as_ref().is_err_and(is_refused) {
                    refused += 1;
                } else {
                    result.expect("no other call is lost");
                }
                tokio::task::yield_now().await;
            }
            refused
        })
    });
    let callers = callers.collect::<Vec<_>>();
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let _open = network.stop(1);
    assert!(callers.iter().all(|caller| !caller.is_finished()), "there is load");
    for caller in callers {
        assert!(caller.await.expect("no call is lost") <= 1, "only calls that cross");
    }
    assert_eq!(echo(&channel).await.expect("there is another"), 2);
}

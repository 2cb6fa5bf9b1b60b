//! A deadline covers the whole stream, and the server stops at it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use deadlines::layers::enforce_deadlines;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use proto::echo::{
    EchoRequest, EchoResponse,
    echo_client::EchoClient,
    echo_server::{Echo, EchoServer},
};
use testing::in_memory;
use tokio::time::{Instant, sleep};
use tonic::{Code, Request, Response, Status, Streaming, service::Routes, transport::Channel};

use crate::helper::{Mock, SECOND, client, soon};

/// Sends a message each 100 ms, for ever.
#[derive(Clone, Default)]
struct Ticker {
    made: Arc<AtomicUsize>,
    dropped: Arc<AtomicBool>,
}

struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

type Answers = BoxStream<'static, Result<EchoResponse, Status>>;

#[tonic::async_trait]
impl Echo for Ticker {
    async fn unary_echo(
        &self,
        _: Request<EchoRequest>,
    ) -> Result<Response<EchoResponse>, Status> {
        Ok(Response::new(EchoResponse::default()))
    }

    type ServerStreamingEchoStream = Answers;

    async fn server_streaming_echo(
        &self,
        request: Request<EchoRequest>,
    ) -> Result<Response<Answers>, Status> {
        let made = Arc::clone(&self.made);
        let guard = SetOnDrop(Arc::clone(&self.dropped));
        // A message that begins with a number ends the stream after so many messages.
        let count = request.get_ref().message.parse().unwrap_or(usize::MAX);
        let size = if request.get_ref().message == "large" { 100_000 } else { 0 };
        let ticks = stream::unfold(guard, move |guard| {
            let made = Arc::clone(&made);
            async move {
                sleep(Duration::from_millis(100)).await;
                made.fetch_add(1, SeqCst);
                Some((Ok(EchoResponse { message: "x".repeat(size) }), guard))
            }
        });
        Ok(Response::new(ticks.take(count).boxed()))
    }

    async fn client_streaming_echo(
        &self,
        request: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<EchoResponse>, Status> {
        let _guard = SetOnDrop(Arc::clone(&self.dropped));
        let mut requests = request.into_inner();
        while requests.message().await?.is_some() {}
        Ok(Response::new(EchoResponse::default()))
    }

    type BidirectionalStreamingEchoStream = Answers;

    async fn bidirectional_streaming_echo(
        &self,
        request: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<Answers>, Status> {
        let guard = SetOnDrop(Arc::clone(&self.dropped));
        let echoes = request.into_inner().map(move |_| {
            let _guard = &guard;
            Ok(EchoResponse::default())
        });
        Ok(Response::new(echoes.boxed()))
    }
}

/// A client that does not end its streams itself, because tonic's timer ends at the headers.
async fn start() -> (Ticker, EchoClient<Channel>) {
    let ticker = Ticker::default();
    let services = enforce_deadlines(Routes::new(EchoServer::new(ticker.clone())));
    (ticker, EchoClient::new(in_memory(services).await))
}

fn with_timeout<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(SECOND);
    request
}

#[tokio::test(start_paused = true)]
async fn the_server_ends_a_stream_at_the_deadline_and_makes_no_more_messages() {
    let (ticker, mut client) = start().await;
    let start = Instant::now();
    let stream = client.server_streaming_echo(with_timeout(EchoRequest::default())).await;
    let mut stream = stream.expect("there are headers").into_inner();
    let end = soon(async {
        loop {
            match stream.message().await {
                Ok(message) => assert!(message.is_some(), "it ended with OK"),
                Err(status) => break status,
            }
        }
    });
    let end = end.await;
    assert_eq!(end.code(), Code::DeadlineExceeded, "{end:?}");
    assert!(start.elapsed() < SECOND + Duration::from_millis(5), "{:?}", start.elapsed());
    assert!(ticker.dropped.load(SeqCst), "the server's stream still exists");
    let made = ticker.made.load(SeqCst);
    sleep(10 * SECOND).await;
    assert_eq!(ticker.made.load(SeqCst), made);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_not_read_does_no_work_and_is_kept_until_it_is_reset() {
    let (ticker, mut client) = start().await;
    let mut request = with_timeout(EchoRequest { message: "large".into() });
    request.set_timeout(10 * SECOND);
    let stream = client.server_streaming_echo(request).await.expect("there are headers");
    sleep(5 * SECOND).await;
    let made = ticker.made.load(SeqCst);
    assert!((1..40).contains(&made), "{made} messages of 100,000 bytes were made");
    sleep(60 * SECOND).await;
    assert_eq!(ticker.made.load(SeqCst), made, "it works after its deadline");
    assert!(!ticker.dropped.load(SeqCst), "the README says that it is kept");
    drop(stream);
    sleep(Duration::from_millis(1)).await;
    assert!(ticker.dropped.load(SeqCst), "it is kept after a reset");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_in_time_is_complete() {
    let (_, mut client) = start().await;
    let message = EchoRequest { message: "7".into() };
    let stream = client.server_streaming_echo(with_timeout(message)).await;
    let results = stream.expect("there are headers").into_inner().collect::<Vec<_>>().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 7);
    assert_eq!(results.len(), 7, "{results:?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_stream_that_does_not_end_is_dropped_at_the_deadline() {
    let (ticker, mut client) = start().await;
    let requests = stream::iter([EchoRequest::default()]).chain(stream::pending());
    let mut stream = client
        .bidirectional_streaming_echo(with_timeout(requests))
        .await
        .expect("there are headers")
        .into_inner();
    stream.message().await.expect("there is an echo");
    let status = soon(stream.message()).await.expect_err("there is only one");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!(ticker.dropped.load(SeqCst), "the server still waits");
}

#[tokio::test(start_paused = true)]
async fn the_front_s_streams_have_deadlines_too() {
    let mut client = client(Mock::new(SECOND), Duration::ZERO).await;
    let ids = stream::iter(["102".to_owned()]).chain(stream::pending());
    let stream = client.process_orders(with_timeout(ids)).await;
    let mut stream = stream.expect("there are headers").into_inner();
    let status = soon(stream.message()).await.expect_err("the batch is not full");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_streaming_call_ends_at_the_deadline() {
    let mut client = client(Mock::new(SECOND), Duration::ZERO).await;
    let start = Instant::now();
    let order = testing::order("102", &["lamp"], "Seoul");
    let orders = stream::iter([order]).chain(stream::pending());
    let status = soon(client.update_orders(with_timeout(orders))).await;
    let status = status.expect_err("no half-close");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!(start.elapsed() < SECOND + Duration::from_millis(5), "{:?}", start.elapsed());
}

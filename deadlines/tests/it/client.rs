//! The client's code always sees DEADLINE_EXCEEDED, whatever ends the call at its deadline.

use std::{future::poll_fn, io, time::Duration};

use bytes::Bytes;
use deadlines::layers::with_deadlines;
use futures::{StreamExt, stream};
use h2::{Reason, RecvStream, server::SendResponse};
use http::{HeaderMap, HeaderValue, Response};
use hyper_util::rt::TokioIo;
use proto::{
    echo::{EchoRequest, echo_client::EchoClient},
    workshop::{
        ReserveRequest, inventory_client::InventoryClient, inventory_server::InventoryServer,
    },
};
use testing::in_memory;
use tokio::{
    io::duplex,
    sync::mpsc,
    time::{Instant, sleep},
};
use tonic::{
    Code, Request, Status,
    transport::{Channel, Endpoint},
};

use crate::helper::{Mock, SECOND, soon};

type Call = (http::Request<RecvStream>, SendResponse<Bytes>);

/// A channel to a server that handles each call like this. Connecting takes `connect`.
fn scripted<T>(connect: Duration, handle: impl Fn(Call) -> T + Send + 'static) -> Channel
where
    T: Future<Output = ()> + Send + 'static,
{
    let (ours, theirs) = duplex(64 * 1024);
    tokio::spawn(async move {
        let mut connection = h2::server::handshake(theirs).await.expect("it speaks HTTP/2");
        while let Some(Ok(call)) = connection.accept().await {
            tokio::spawn(handle(call));
        }
    });
    let mut ours = Some(ours);
    Endpoint::from_static("http://in.memory").connect_with_connector_lazy(tower::service_fn(
        move |_| {
            let pipe = ours.take().map(TokioIo::new);
            async move {
                sleep(connect).await;
                pipe.ok_or_else(|| io::Error::other("there is one connection"))
            }
        },
    ))
}

/// The timeout that a call says it has.
fn timeout((request, _): &Call) -> Duration {
    wire::timeout::get(request.headers()).expect("there is a grpc-timeout")
}

/// Never answers.
async fn hang(call: Call) {
    std::future::pending::<()>().await;
    drop(call);
}

fn headers() -> Response<()> {
    Response::builder()
        .header("content-type", "application/grpc")
        .body(())
        .expect("it is valid")
}

fn reserve(timeout: Duration) -> Request<ReserveRequest> {
    let mut request = Request::new(ReserveRequest::default());
    request.set_timeout(timeout);
    request
}

fn echo(timeout: Duration) -> Request<EchoRequest> {
    let mut request = Request::new(EchoRequest::default());
    request.set_timeout(timeout);
    request
}

#[tokio::test(start_paused = true)]
async fn tonic_alone_reports_cancelled_and_the_layer_deadline_exceeded() {
    let channel = in_memory(InventoryServer::new(Mock::new(10 * SECOND))).await;
    let status = InventoryClient::new(channel.clone()).reserve(reserve(SECOND)).await;
    assert_eq!(status.expect_err("it takes 10 s").code(), Code::Cancelled);
    let start = Instant::now();
    let mut client = InventoryClient::new(with_deadlines(channel, 60 * SECOND));
    let status = client.reserve(reserve(SECOND)).await.expect_err("it takes 10 s");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(start.elapsed() < SECOND + Duration::from_millis(5), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_reset_at_the_deadline_is_deadline_exceeded() {
    let channel = scripted(Duration::ZERO, |mut call| async move {
        sleep(timeout(&call)).await;
        call.1.send_reset(Reason::CANCEL);
    });
    let client = InventoryClient::new(with_deadlines(channel, 60 * SECOND));
    for micros in (1..2_000).map(|step| step * 37) {
        let status = client.clone().reserve(reserve(Duration::from_micros(micros))).await;
        let status = status.expect_err("it is reset");
        assert_eq!(status.code(), Code::DeadlineExceeded, "{micros} µs: {status:?}");
    }
}

/// Timeouts that `grpc-timeout` cannot express exactly. Above 100 s its unit is ms, and above 28 h it is s.
const INEXACT: [Duration; 4] = [
    Duration::from_micros(100_000_500),
    Duration::from_micros(150_000_900),
    Duration::from_micros(3_600_000_001),
    Duration::from_millis(200_000_500),
];

#[tokio::test(start_paused = true)]
async fn tonic_s_timer_does_not_end_a_call_before_a_long_deadline() {
    for timeout in INEXACT {
        let channel = with_deadlines(scripted(Duration::ZERO, hang), timeout);
        let status = InventoryClient::new(channel).reserve(ReserveRequest::default()).await;
        let status = status.expect_err("nobody answers");
        assert_eq!(status.code(), Code::DeadlineExceeded, "{timeout:?}: {status:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_resets_at_a_long_deadline_does_not_do_so_before_it() {
    for default in INEXACT {
        let channel = scripted(Duration::ZERO, |mut call| async move {
            sleep(timeout(&call)).await;
            call.1.send_reset(Reason::CANCEL);
        });
        let mut client = InventoryClient::new(with_deadlines(channel, default));
        let status = client.reserve(ReserveRequest::default()).await.expect_err("it is reset");
        assert_eq!(status.code(), Code::DeadlineExceeded, "{default:?}: {status:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reset_of_a_stream_at_the_deadline_is_deadline_exceeded() {
    let channel = scripted(Duration::ZERO, |mut call| async move {
        let mut body = call.1.send_response(headers(), false).expect("it is open");
        sleep(timeout(&call)).await;
        body.send_reset(Reason::CANCEL);
    });
    let client = EchoClient::new(with_deadlines(channel, 60 * SECOND));
    for micros in (1..500).map(|step| step * 137) {
        let status = async {
            let mut client = client.clone();
            client
                .server_streaming_echo(echo(Duration::from_micros(micros)))
                .await?
                .into_inner()
                .message()
                .await
        };
        let status = soon(status).await.expect_err("it is reset");
        assert_eq!(status.code(), Code::DeadlineExceeded, "{micros} µs: {status:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_the_server_cancels_before_the_deadline_is_cancelled() {
    let reset = scripted(Duration::ZERO, |mut call| async move {
        sleep(timeout(&call) - Duration::from_millis(10)).await;
        call.1.send_reset(Reason::CANCEL);
    });
    let status = scripted(Duration::ZERO, |mut call| async move {
        sleep(timeout(&call) - Duration::from_millis(10)).await;
        let mut response = headers();
        response.headers_mut().insert("grpc-status", HeaderValue::from_static("1"));
        call.1.send_response(response, true).expect("it is open");
    });
    let trailers = scripted(Duration::ZERO, |mut call| async move {
        let mut body = call.1.send_response(headers(), false).expect("it is open");
        sleep(timeout(&call) - Duration::from_millis(10)).await;
        let trailers =
            [("grpc-status".parse().expect("a name"), HeaderValue::from_static("1"))];
        body.send_trailers(HeaderMap::from_iter(trailers)).expect("it is open");
    });
    for channel in [reset, status, trailers] {
        let mut client = InventoryClient::new(with_deadlines(channel, 60 * SECOND));
        let status = client.reserve(reserve(SECOND)).await.expect_err("it is cancelled");
        assert_eq!(status.code(), Code::Cancelled, "{status:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_covers_the_whole_stream() {
    let handle = |mut call: Call| async move {
        let mut body = call.1.send_response(headers(), false).expect("it is open");
        body.send_data(vec![0; 5].into(), false).expect("it is open");
        std::future::pending::<()>().await;
    };
    // tonic's timer alone ends at the headers.
    let mut alone = EchoClient::new(scripted(Duration::ZERO, handle));
    let alone = alone.server_streaming_echo(echo(SECOND));
    let mut alone = alone.await.expect("there are headers").into_inner();
    alone.message().await.expect("there is a message");
    tokio::time::timeout(60 * SECOND, alone.message()).await.expect_err("it waits for ever");

    let start = Instant::now();
    let channel = with_deadlines(scripted(Duration::ZERO, handle), 60 * SECOND);
    let stream = EchoClient::new(channel).server_streaming_echo(echo(SECOND)).await;
    let mut stream = stream.expect("there are headers").into_inner();
    stream.message().await.expect("there is a message");
    let status = soon(stream.message()).await.expect_err("there is no more");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!(start.elapsed() < SECOND + Duration::from_millis(5), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_always_has_a_message_ends_at_the_deadline() {
    let channel = scripted(Duration::ZERO, |mut call| async move {
        let mut body = call.1.send_response(headers(), false).expect("it is open");
        while body.send_data(vec![0; 5].into(), false).is_ok() {
            sleep(Duration::from_millis(1)).await;
        }
    });
    let client = &mut EchoClient::new(with_deadlines(channel, 60 * SECOND));
    let stream = client.server_streaming_echo(echo(SECOND)).await.expect("there are headers");
    let mut results = soon(stream.into_inner().collect::<Vec<_>>()).await;
    let status = results.pop().expect("it ends").expect_err("with an error");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!((900..1_001).contains(&results.len()), "{} messages", results.len());
}

#[tokio::test(start_paused = true)]
async fn the_default_applies_to_calls_without_a_deadline_and_only_to_them() {
    let channel = scripted(Duration::ZERO, hang);
    let mut client = InventoryClient::new(with_deadlines(channel, 3 * SECOND));
    for (request, seconds) in [
        (Request::new(ReserveRequest::default()), 3),
        (reserve(SECOND), 1),
        (reserve(SECOND * 7), 7),
    ] {
        let start = Instant::now();
        let status = client.reserve(request).await.expect_err("nobody answers");
        assert_eq!(status.code(), Code::DeadlineExceeded);
        let late = start.elapsed() - seconds * SECOND;
        assert!(late < Duration::from_millis(5), "{late:?} after {seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_connection_counts() {
    let channel = scripted(10 * SECOND, hang);
    let start = Instant::now();
    let mut client = InventoryClient::new(with_deadlines(channel, 60 * SECOND));
    let status = client.reserve(reserve(SECOND)).await.expect_err("there is no connection");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!(start.elapsed() < SECOND + Duration::from_millis(5), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn no_time_means_no_call() {
    let channel = scripted(Duration::ZERO, |_call| async { panic!("it was sent") });
    let mut client = InventoryClient::new(with_deadlines(channel, 60 * SECOND));
    let status = client.reserve(reserve(Duration::ZERO)).await.expect_err("there is no time");
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_complete_is_reset_and_not_half_closed() {
    let (ends, mut seen) = mpsc::unbounded_channel();
    let channel = scripted(Duration::ZERO, move |(request, mut respond)| {
        let ends = ends.clone();
        async move {
            let _body = respond.send_response(headers(), false).expect("it is open");
            let mut body = request.into_body();
            let end = loop {
                match body.data().await {
                    Some(Ok(data)) => {
                        let read = body.flow_control().release_capacity(data.len());
                        read.expect("it was received");
                    }
                    Some(Err(error)) => break error.reason(),
                    None => break None,
                }
            };
            ends.send(end).expect("the test waits");
        }
    });
    let mut client = EchoClient::new(with_deadlines(channel, 60 * SECOND));
    let mut request =
        Request::new(stream::iter([EchoRequest::default()]).chain(stream::pending()));
    request.set_timeout(SECOND);
    let mut responses = client
        .bidirectional_streaming_echo(request)
        .await
        .expect("there are headers")
        .into_inner();
    let status: Status = soon(responses.message()).await.expect_err("there is no message");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let end = tokio::time::timeout(SECOND, seen.recv()).await.expect("it has ended");
    assert_eq!(end, Some(Some(Reason::CANCEL)));
}

/// A server that sends headers, and reads no request. Sends how long it takes until the client resets the
/// call, or `None` if that takes more than 60 s.
fn unread() -> (Channel, mpsc::UnboundedReceiver<Option<Duration>>) {
    let (resets, seen) = mpsc::unbounded_channel();
    let channel = scripted(Duration::ZERO, move |(request, mut respond)| {
        let resets = resets.clone();
        async move {
            let start = Instant::now();
            let mut body = respond.send_response(headers(), false).expect("it is open");
            let reset = poll_fn(|context| body.poll_reset(context));
            let reset = tokio::time::timeout(60 * SECOND, reset).await;
            resets.send(reset.ok().map(|_| start.elapsed())).expect("the test waits");
            drop(request);
        }
    });
    (channel, seen)
}

#[tokio::test(start_paused = true)]
async fn a_bidirectional_call_whose_stream_is_dropped_continues_until_the_deadline() {
    let (channel, mut resets) = unread();
    let mut client = EchoClient::new(with_deadlines(channel, 10 * SECOND));
    let requests = stream::iter([EchoRequest::default()]).chain(stream::pending());
    drop(client.bidirectional_streaming_echo(requests).await.expect("there are headers"));
    let after = resets.recv().await.flatten().expect("it is reset");
    assert!(after >= 10 * SECOND, "update the README: it is reset after {after:?}");
    assert!(after < 10 * SECOND + Duration::from_millis(5), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_flow_control_has_stopped_is_not_reset_at_the_deadline() {
    let (channel, mut resets) = unread();
    let mut client = EchoClient::new(with_deadlines(channel, SECOND));
    let requests = stream::repeat_with(|| EchoRequest { message: "x".repeat(10_000) });
    let responses = client.bidirectional_streaming_echo(requests).await;
    let status = responses.expect("there are headers").into_inner().message().await;
    assert_eq!(status.expect_err("there is no message").code(), Code::DeadlineExceeded);
    let after = resets.recv().await.expect("the server waits");
    assert_eq!(after, None, "update the README: it is reset");
}

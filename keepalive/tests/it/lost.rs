//! Calls that end without a status from the server, and what the client reports.

use std::{future::pending, io, time::Duration};

use h2::Reason;
use hyper_util::rt::TokioIo;
use keepalive::client::{echo, end, keepalive, open};
use launcher::describe;
use proto::echo::echo_client::EchoClient;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::{Instant, timeout},
};
use tonic::{Code, transport::Channel};
use watch::{Side, View, Watcher};

const PATIENCE: Duration = Duration::from_secs(60);

/// A frame of HTTP/2 (RFC 9113).
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// The headers of a response: `:status: 200`, from the table of HPACK.
fn headers() -> Vec<u8> {
    frame(1, 4, 1, &[0x88])
}

/// Ends the connection. The last stream that the server has accepted is 0, so it has accepted none.
fn goaway(reason: Reason) -> Vec<u8> {
    frame(7, 0, 0, &[[0; 4], u32::from(reason).to_be_bytes()].concat())
}

/// Ends the first stream.
fn rst_stream(reason: Reason) -> Vec<u8> {
    frame(3, 0, 1, &u32::from(reason).to_be_bytes())
}

/// A client of a server that answers the first call with these frames, and then sends nothing more.
fn client(answer: &[Vec<u8>]) -> EchoClient<Channel> {
    let (ours, mut theirs) = duplex(64 * 1024);
    let (settings, answer) = (frame(4, 0, 0, &[]), answer.concat());
    tokio::spawn(async move {
        theirs.write_all(&settings).await.unwrap();
        let (mut watcher, mut bytes) = (Watcher::new(View::Frames), [0; 1024]);
        let mut called = false;
        while !called {
            let length = theirs.read(&mut bytes).await.unwrap();
            let frames = watcher.see(Side::Client, &bytes[..length]);
            called = frames.iter().any(|frame| frame.text.starts_with("HEADERS"));
        }
        theirs.write_all(&answer).await.unwrap();
        pending::<()>().await;
    });
    connect(ours)
}

/// A client that uses this connection for its first call.
fn connect(ours: DuplexStream) -> EchoClient<Channel> {
    let mut ours = Some(TokioIo::new(ours));
    let connector = tower::service_fn(move |_| {
        let pipe = ours.take().ok_or_else(|| io::Error::other("the only connection is gone"));
        async { pipe }
    });
    let endpoint = keepalive("in.memory:1", None).unwrap();
    EchoClient::new(endpoint.connect_with_connector_lazy(connector))
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_message_does_not_follow_its_headers_ends_at_its_deadline() {
    let mut client = client(&[headers()]);
    let start = Instant::now();
    let call = timeout(2 * PATIENCE, echo(&mut client, PATIENCE)).await;
    let status = call.expect("the deadline ends it").unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert_eq!(start.elapsed().as_secs(), PATIENCE.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_call_on_a_connection_that_is_closed_at_once_is_unavailable() {
    let (ours, mut theirs) = duplex(64 * 1024);
    theirs.shutdown().await.unwrap();
    let mut client = connect(ours);
    let status = echo(&mut client, PATIENCE).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn the_status_of_a_lost_call_has_the_cause() {
    let mut client = client(&[goaway(Reason::ENHANCE_YOUR_CALM)]);
    let line = describe(&echo(&mut client, PATIENCE).await.unwrap_err());
    let start = "UNAVAILABLE: the connection was lost: connection error received: ";
    assert!(line.starts_with(start), "{line}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_goaway_ends_is_unavailable() {
    for reason in [Reason::NO_ERROR, Reason::ENHANCE_YOUR_CALM, Reason::INTERNAL_ERROR] {
        let mut client = client(&[goaway(reason)]);
        let status = echo(&mut client, PATIENCE).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_goaway_ends_is_unavailable() {
    for reason in [Reason::ENHANCE_YOUR_CALM, Reason::INTERNAL_ERROR] {
        let mut client = client(&[headers(), goaway(reason)]);
        let mut stream = open(&mut client, PATIENCE).await.unwrap();
        let status = end(&mut stream).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    }
}

/// tonic 0.14.9 does not pass the GOAWAY on, so the client cannot see that this connection is lost.
#[tokio::test(start_paused = true)]
async fn a_stream_that_goaway_ends_without_an_error_is_unknown() {
    let mut client = client(&[headers(), goaway(Reason::NO_ERROR)]);
    let mut stream = open(&mut client, PATIENCE).await.unwrap();
    let status = end(&mut stream).await.unwrap_err();
    assert_eq!(status.code(), Code::Unknown, "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_rst_stream_ends_keeps_the_code_of_tonic() {
    for (reason, code) in [
        (Reason::STREAM_CLOSED, Code::Unknown),
        (Reason::CANCEL, Code::Cancelled),
        (Reason::ENHANCE_YOUR_CALM, Code::ResourceExhausted),
    ] {
        let mut client = client(&[rst_stream(reason)]);
        let status = echo(&mut client, PATIENCE).await.unwrap_err();
        assert_eq!(status.code(), code, "{status:?}");
    }
}

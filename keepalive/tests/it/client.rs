//! The client's side: what a call and a stream do when the network goes silent.

use std::time::Duration;

use keepalive::client::{echo, end, keepalive, open};
use proto::echo::{EchoRequest, echo_client::EchoClient};
use tokio::time::{Instant, timeout};
use tonic::{
    Code, Request,
    transport::{Channel, Server},
};

use crate::memory::{Network, Service, connect};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A client with this interval and timeout, or without keepalive, and its network.
async fn client(times: Option<[Duration; 2]>) -> (EchoClient<Channel>, Network) {
    let endpoint = keepalive("in.memory:1", times).unwrap();
    connect(Server::builder(), Service::default(), endpoint).await
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_unavailable_after_interval_and_timeout() {
    let (mut client, network) = client(Some([3 * SECOND, 2 * SECOND])).await;
    let mut stream = open(&mut client, DAY).await.unwrap();
    stream.message().await.unwrap().unwrap();
    network.silence();
    let start = Instant::now();
    let status = end(&mut stream).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn it_is_never_later_whenever_the_silence_starts() {
    for millis in (0..6_000).step_by(250) {
        let (mut client, network) = client(Some([2 * SECOND, SECOND])).await;
        let mut stream = open(&mut client, DAY).await.unwrap();
        stream.message().await.unwrap().unwrap();
        // The last PING and its answer may be in flight.
        let early = timeout(Duration::from_millis(millis), end(&mut stream)).await;
        early.expect_err("the network is not silent yet");
        network.silence();
        let start = Instant::now();
        let status = end(&mut stream).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        // 10 ms for rounding: the timers of tokio have a resolution of 1 ms.
        let limit = 3 * SECOND + Duration::from_millis(10);
        assert!(start.elapsed() <= limit, "{:?} after {millis} ms", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_unavailable_after_interval_and_timeout() {
    let (mut client, network) = client(Some([3 * SECOND, 2 * SECOND])).await;
    echo(&mut client, DAY).await.unwrap();
    network.silence();
    let start = Instant::now();
    let status = echo(&mut client, DAY).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn without_keepalive_a_call_waits_for_its_deadline() {
    let (mut client, network) = client(None).await;
    echo(&mut client, DAY).await.unwrap();
    network.silence();
    let start = Instant::now();
    let status = echo(&mut client, DAY).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert_eq!(start.elapsed().as_secs(), DAY.as_secs());
}

#[tokio::test(start_paused = true)]
async fn without_keepalive_opening_a_stream_waits_for_its_deadline() {
    let (mut client, network) = client(None).await;
    echo(&mut client, DAY).await.unwrap();
    network.silence();
    let start = Instant::now();
    let status = open(&mut client, DAY).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert_eq!(start.elapsed().as_secs(), DAY.as_secs());
}

#[tokio::test(start_paused = true)]
async fn without_keepalive_a_stream_waits_for_ever() {
    let (mut client, network) = client(None).await;
    let mut stream = open(&mut client, SECOND).await.unwrap();
    network.silence();
    // Not even the deadline ends it: in tonic, it covers a stream only until the headers arrive.
    timeout(1_000 * DAY, end(&mut stream)).await.expect_err("it still waits");
}

#[tokio::test(start_paused = true)]
async fn a_healthy_connection_stays_open_although_nothing_is_sent() {
    let (mut client, _network) = client(Some([SECOND, SECOND])).await;
    let mut stream = open(&mut client, DAY).await.unwrap();
    timeout(DAY / 24, end(&mut stream)).await.expect_err("the stream is open");
    echo(&mut client, DAY)
        .await
        .expect("the connection is the same, because there is only one");
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_is_left_alone() {
    let (mut client, _network) = client(Some([SECOND, SECOND])).await;
    let mut request = Request::new(EchoRequest { message: "wait".into() });
    request.set_timeout(DAY / 24);
    let start = Instant::now();
    client.unary_echo(request).await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), (DAY / 24).as_secs());
}

#[tokio::test(start_paused = true)]
async fn tonic_alone_reports_unknown_for_the_stream_and_unavailable_for_the_call() {
    let (mut client, network) = client(Some([SECOND, SECOND])).await;
    let mut stream = open(&mut client, DAY).await.unwrap();
    stream.message().await.unwrap().unwrap();
    network.silence();
    let call = client.unary_echo(EchoRequest::default()).await.unwrap_err();
    let stream = stream.message().await.unwrap_err();
    assert_eq!([call.code(), stream.code()], [Code::Unavailable, Code::Unknown]);
}

//! Keepalive: a backend that hangs is noticed.

use std::time::Duration;

use channel::{Channel, Keepalive, RoundRobin};
use proto::echo::{EchoRequest, echo_client::EchoClient};
use tokio::time::Instant;
use tonic::Code;

use crate::network::{Network, connect, echo, told};

const SECOND: Duration = Duration::from_secs(1);

/// A backend that accepts one call and then reads nothing any more.
fn hang(network: &Network, number: u8) {
    let (mut incoming, stop) = network.listen(number);
    tokio::spawn(async move {
        let stream = incoming.recv().await.expect("the channel connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        let _call = connection.accept().await.expect("a call").expect("no error");
        // Later connections are accepted, and get no answer either.
        stop.cancelled().await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_call_to_a_backend_that_hangs_is_unavailable_after_interval_and_timeout() {
    let network = Network::default();
    hang(&network, 1);
    let keepalive = Keepalive { interval: 3 * SECOND, timeout: 2 * SECOND };
    let channel = Channel::over(told(&[1]).1).connector(connect(&network));
    let channel = channel.keepalive(keepalive).build();
    let start = Instant::now();
    let mut client = EchoClient::new(channel);
    let status = client.unary_echo(EchoRequest::default()).await.expect_err("it hangs");
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(start.elapsed().as_secs(), 5, "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_hangs_gets_no_more_calls() {
    let network = Network::of([2]);
    hang(&network, 1);
    let keepalive = Keepalive { interval: SECOND, timeout: SECOND };
    let channel = Channel::over(told(&[1, 2]).1).connector(connect(&network));
    let channel = channel.policy(RoundRobin::default()).keepalive(keepalive).build();
    channel.connected().await;
    let first = echo(&channel).await.expect_err("the first turn is the backend that hangs");
    assert_eq!(first.code(), Code::Unavailable);
    for _ in 0..10 {
        assert_eq!(echo(&channel).await.expect("the other answers"), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_to_a_healthy_backend_is_left_alone() {
    let network = Network::default();
    let (mut incoming, _stop) = network.listen(1);
    tokio::spawn(async move {
        let stream = incoming.recv().await.expect("the channel connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        let _call = connection.accept().await.expect("a call").expect("no error");
        // Answers PINGs, and nothing else.
        let _ = connection.accept().await;
    });
    let keepalive = Keepalive { interval: SECOND, timeout: SECOND };
    let channel = Channel::over(told(&[1]).1).connector(connect(&network));
    let channel = channel.keepalive(keepalive).build();
    let mut request = tonic::Request::new(EchoRequest::default());
    request.set_timeout(60 * SECOND);
    let status = EchoClient::new(channel).unary_echo(request).await.expect_err("no answer");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
}

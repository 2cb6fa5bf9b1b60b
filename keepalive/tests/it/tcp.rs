//! TCP keepalive is not enough.

use std::time::Duration;

use futures::poll;
use keepalive::client::{end, keepalive, open};
use proto::echo::echo_client::EchoClient;
use tokio::{pin, time::timeout};

use crate::process::{relay, server};

/// The system answers TCP keepalive, and so does the system of a proxy. None of them asks the program.
#[tokio::test]
async fn tcp_keepalive_does_not_notice_what_a_ping_notices() {
    let (_process, server) = server().await;
    let second = Duration::from_secs(1);
    let patience = Duration::from_secs(60);
    let http2 = relay(&server).await;
    let tcp = relay(&server).await;
    let endpoint = keepalive(&http2.addr, Some([2 * second, 2 * second])).unwrap();
    let mut with_pings = EchoClient::new(endpoint.connect().await.unwrap());
    let endpoint = keepalive(&tcp.addr, None).unwrap();
    let endpoint = endpoint.tcp_keepalive(Some(second)).tcp_keepalive_interval(Some(second));
    let endpoint = endpoint.tcp_keepalive_retries(Some(1));
    let mut without = EchoClient::new(endpoint.connect().await.unwrap());

    let mut with_pings = open(&mut with_pings, patience).await.unwrap();
    let mut without = open(&mut without, patience).await.unwrap();
    http2.silence.notify_one();
    tcp.silence.notify_one();
    // TCP keepalive would need 2 s, and the PINGs need 4 s.
    timeout(patience, end(&mut with_pings)).await.unwrap().expect_err("it is found");
    let without = end(&mut without);
    pin!(without);
    assert!(poll!(without).is_pending(), "the stream is still open");
}

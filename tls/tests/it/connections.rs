//! The connections that the server keeps, and those that it closes. The launcher's tests have more.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use proto::ecommerce::{Product, ProductId, product_info_client::ProductInfoClient};
use tls::client;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use tokio_rustls::rustls::version::TLS13;
use tonic::transport::Channel;

use crate::running::{
    Running, add, certs, channel, client_config, client_hello, closed_after, handshake, start,
};

/// The preface of a client, and its empty SETTINGS.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// About so many seconds: timers are late by a millisecond at most, in paused time.
fn about(seconds: u64, time: Duration) -> bool {
    let expected = Duration::from_secs(seconds);
    (expected..expected + Duration::from_millis(100)).contains(&time)
}

/// A client that stops after half of its first message.
async fn half(server: &Running, hello: &[u8]) -> TcpStream {
    let mut stream = server.tcp().await;
    stream.write_all(&hello[..hello.len() / 2]).await.unwrap();
    stream
}

async fn unfinished_handshakes_do_not_delay_a_client(number: usize) {
    let certs = certs();
    let server = start(&certs, false).await;
    let hello = client_hello(&certs);
    let mut stopped = Vec::new();
    for _ in 0..number {
        stopped.push(half(&server, &hello).await);
    }
    let client = async {
        add(channel(&server.addr, client::config(&certs, false)).await).await.unwrap();
    };
    // Less than the ten seconds after which the server closes the others.
    timeout(Duration::from_secs(8), client).await.expect("the client is served");
    // They are all still there: nothing has been closed to make room.
    for stream in &stopped {
        let read = stream.try_read(&mut [0]);
        assert_eq!(read.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    }
}

#[tokio::test]
async fn handshakes_that_stop_halfway_do_not_delay_a_client() {
    unfinished_handshakes_do_not_delay_a_client(200).await;
}

#[tokio::test]
#[ignore = "needs 2,100 open files"]
async fn a_thousand_handshakes_that_stop_halfway_do_not_delay_a_client() {
    unfinished_handshakes_do_not_delay_a_client(1_000).await;
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_stops_halfway_is_dropped_after_ten_seconds() {
    let certs = certs();
    let server = start(&certs, false).await;
    let time = closed_after(half(&server, &client_hello(&certs)).await).await;
    assert!(about(10, time), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_preface_after_the_handshake_is_closed() {
    let certs = certs();
    let server = start(&certs, false).await;
    let stream = handshake(&server, client_config(&certs, &["h2"], &TLS13)).await.unwrap();
    let time = closed_after(stream.into_inner().0).await;
    assert!(about(10, time), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_stays_open() {
    let certs = certs();
    let server = start(&certs, false).await;
    let config = client_config(&certs, &["h2"], &TLS13);
    let mut stream = handshake(&server, config).await.unwrap();
    stream.write_all(PREFACE).await.unwrap();
    sleep(Duration::from_secs(50)).await;
    // The server still answers a PING.
    let ping = [&[0, 0, 8, 6, 0, 0, 0, 0, 0][..], &[7; 8]].concat();
    stream.write_all(&ping).await.unwrap();
    let mut seen = Vec::new();
    while !seen.windows(8).any(|bytes| bytes == [7; 8]) {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "the server has hung up");
    }
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_a_handshake_that_has_stopped() {
    let certs = certs();
    let server = start(&certs, false).await;
    let _stopped = half(&server, &client_hello(&certs)).await;
    sleep(Duration::from_millis(1)).await;
    let time = server.drain().await;
    assert!(about(0, time), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_an_idle_client() {
    let certs = certs();
    let server = start(&certs, true).await;
    let client = channel(&server.addr, client::config(&certs, true)).await;
    add(client.clone()).await.unwrap();
    let time = server.drain().await;
    assert!(about(0, time), "{time:?}");
}

/// A client that has vanished after its handshake and preface. It neither reads nor closes.
#[tokio::test(start_paused = true)]
async fn shutdown_waits_one_second_for_a_peer_that_does_not_react() {
    let certs = certs();
    let server = start(&certs, false).await;
    let config = client_config(&certs, &["h2"], &TLS13);
    let mut deaf = handshake(&server, config).await.unwrap();
    deaf.write_all(PREFACE).await.unwrap();
    deaf.read_u8().await.unwrap();
    let time = server.drain().await;
    assert!(about(1, time), "{time:?}");
}

#[tokio::test]
async fn no_call_fails_halfway_while_the_server_drains() {
    for _ in 0..5 {
        let certs = certs();
        let server = start(&certs, false).await;
        let channel = channel(&server.addr, client::config(&certs, false)).await;
        // Large enough to fill the buffers of TLS and TCP.
        let name = "x".repeat(300_000);
        let mut stub = ProductInfoClient::new(channel.clone());
        let id = stub.add_product(Product { name, ..Product::default() }).await.unwrap();
        let id = Arc::new(id.into_inner());
        let callers =
            (0..8).map(|_| tokio::spawn(get_until_refused(channel.clone(), id.clone())));
        let callers = callers.collect::<Vec<_>>();
        stub.get_product((*id).clone()).await.unwrap();
        let start = Instant::now();
        server.drain().await;
        assert!(start.elapsed() < Duration::from_secs(9), "the server did not drain");
        for answers in join_all(callers).await {
            answers.unwrap();
        }
    }
}

/// Repeats a call until the server refuses it. No call may fail halfway.
async fn get_until_refused(channel: Channel, id: Arc<ProductId>) {
    let mut stub = ProductInfoClient::new(channel);
    loop {
        match stub.get_product((*id).clone()).await {
            Ok(response) => assert_eq!(response.into_inner().name.len(), 300_000),
            // After GOAWAY, tonic connects again, and the port is closed.
            Err(status) => {
                let reason = launcher::describe(&status);
                assert!(reason.contains("refused") || reason.contains("GO_AWAY"), "{reason}");
                return;
            }
        }
    }
}

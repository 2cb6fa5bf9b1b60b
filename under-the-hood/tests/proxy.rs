//! The watching proxy passes on what it gets, and no more and no less.

use std::{future::pending, time::Duration};

use order_management::{orders::Orders, server::service};
use proto::ecommerce::order_management_client::OrderManagementClient;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tonic::transport::{Channel, Server, server::TcpIncoming};
use under_the_hood::{proxy::serve, watch::View};

const PATIENCE: Duration = Duration::from_secs(60);

/// The address of a proxy before this one.
async fn proxy(to: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(async move { serve(listener, &to, View::Frames, pending()).await });
    addr
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound").to_string();
    (listener, addr)
}

/// What 100 calls at the same time are answered with.
async fn answers(addr: &str) -> Vec<String> {
    let channel = Channel::from_shared(format!("http://{addr}")).expect("it is a URI");
    let client = OrderManagementClient::new(channel.connect().await.expect("it listens"));
    let mut calls = JoinSet::new();
    for number in 0..100 {
        let mut client = client.clone();
        calls.spawn(async move {
            let id = (102 + number % 5).to_string();
            let order = client.get_order(id).await.expect("it is there").into_inner();
            let mut found =
                client.search_orders("Google".to_owned()).await.expect("some are there");
            let mut answer = format!("{number} {order:?}");
            while let Some(order) = found.get_mut().message().await.expect("it ends well") {
                answer = format!("{answer} {}", order.id);
            }
            answer
        });
    }
    let mut answers = timeout(PATIENCE, calls.join_all()).await.expect("all are answered");
    answers.sort_unstable();
    answers
}

#[tokio::test]
async fn a_hundred_calls_at_a_time_are_answered_as_they_are_without_it() {
    let (listener, addr) = listen().await;
    tokio::spawn(
        Server::builder()
            .add_service(service(Orders::sample()))
            .serve_with_incoming(TcpIncoming::from(listener)),
    );
    let through = answers(&proxy(addr.clone()).await).await;
    assert_eq!(through, answers(&addr).await);
}

#[tokio::test]
async fn what_it_does_not_understand_is_passed_on_as_it_is_in_both_directions() {
    let (listener, addr) = listen().await;
    let bytes = |seed: u32| {
        (0..1_000_000_u32).map(move |at| (at * 7 + at / 250 + seed).to_le_bytes()[0])
    };
    let (up, down) = (bytes(1).collect::<Vec<_>>(), bytes(2).collect::<Vec<_>>());
    let expected = (up.clone(), down.clone());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("it connects");
        let mut got = Vec::new();
        // Until the client has said all. It still listens.
        stream.read_to_end(&mut got).await.expect("no error");
        stream.write_all(&down).await.expect("no error");
        got
    });
    let mut stream = TcpStream::connect(proxy(addr).await).await.expect("it listens");
    stream.write_all(&up).await.expect("no error");
    stream.shutdown().await.expect("no error");
    let mut got = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut got)).await.expect("in time").expect("no error");
    assert!(got == expected.1, "{} bytes came back", got.len());
    assert!(server.await.expect("no panic") == expected.0);
}

#[tokio::test]
async fn a_byte_is_passed_on_without_waiting_for_the_next() {
    let (listener, addr) = listen().await;
    let mut client = TcpStream::connect(proxy(addr).await).await.expect("it listens");
    let (mut server, _) = listener.accept().await.expect("it connects");
    for byte in 0..100 {
        client.write_all(&[byte]).await.expect("no error");
        assert_eq!(timeout(PATIENCE, server.read_u8()).await.expect("in time").unwrap(), byte);
        server.write_all(&[byte]).await.expect("no error");
        assert_eq!(timeout(PATIENCE, client.read_u8()).await.expect("in time").unwrap(), byte);
    }
}

#[tokio::test]
async fn without_a_server_the_connection_is_closed() {
    let (_held, nobody) = testing::closed_addr();
    let mut stream = TcpStream::connect(proxy(nobody).await).await.expect("it listens");
    let end = timeout(PATIENCE, stream.read(&mut [0])).await.expect("in time");
    assert!(matches!(end, Ok(0) | Err(_)));
}

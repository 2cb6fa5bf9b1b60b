//! The server's side: when it drops the streams of a client that has gone away.

use std::time::Duration;

use http::Request;
use keepalive::client::{keepalive, open};
use proto::echo::echo_server::EchoServer;
use tokio::{io::duplex, time::sleep};
use tonic::transport::Server;

use crate::memory::{Service, connect, only};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn with_keepalive() -> Server {
    Server::builder()
        .http2_keepalive_interval(Some(3 * SECOND))
        .http2_keepalive_timeout(Some(2 * SECOND))
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_dropped_after_interval_and_timeout() {
    let (service, endpoint) = (Service::default(), keepalive("in.memory:1", None).unwrap());
    let (mut client, network) = connect(with_keepalive(), service.clone(), endpoint).await;
    let mut stream = open(&mut client, DAY).await.unwrap();
    stream.message().await.unwrap().unwrap();
    network.silence();
    sleep(Duration::from_millis(4_990)).await;
    assert_eq!(service.open(), 1);
    sleep(Duration::from_millis(20)).await;
    assert_eq!(service.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_keepalive_it_is_never_dropped() {
    let (service, endpoint) = (Service::default(), keepalive("in.memory:1", None).unwrap());
    let (mut client, network) = connect(Server::builder(), service.clone(), endpoint).await;
    let _stream = open(&mut client, DAY).await.unwrap();
    network.silence();
    // Longer than any deadline of the call: a server of tonic does not apply it to a stream.
    sleep(1_000 * DAY).await;
    assert_eq!(service.open(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_stream_of_a_client_that_answers_stays_open() {
    let (service, endpoint) = (Service::default(), keepalive("in.memory:1", None).unwrap());
    let (mut client, _network) = connect(with_keepalive(), service.clone(), endpoint).await;
    let _stream = open(&mut client, DAY).await.unwrap();
    sleep(DAY / 24).await;
    assert_eq!(service.open(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_dropped_although_the_network_is_full_of_its_messages() {
    let (ours, theirs) = duplex(64 * 1024);
    let service = Service::default();
    let server = with_keepalive().add_service(EchoServer::new(service.clone()));
    tokio::spawn(server.serve_with_incoming(only(theirs)));

    // The client allows the server to send a lot, and then reads nothing.
    let mut client = h2::client::Builder::new();
    client.initial_window_size(1_000_000).initial_connection_window_size(1_000_000);
    let (mut requests, mut connection) =
        client.handshake::<_, bytes::Bytes>(ours).await.unwrap();
    let request = Request::post("http://in.memory/grpc.examples.echo.Echo/ServerStreamingEcho");
    let request = request.header("content-type", "application/grpc").body(()).unwrap();
    let (response, mut body) = requests.send_request(request, false).unwrap();
    body.send_data(bytes::Bytes::from_static(&[0; 5]), true).unwrap();
    tokio::select! {
        _ = &mut connection => panic!("the connection ended"),
        response = response => assert!(response.is_ok()),
    }
    assert_eq!(service.open(), 1);
    sleep(Duration::from_millis(4_900)).await;
    assert_eq!(service.open(), 1);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(service.open(), 0);
}

//! 1. Old connections.

use std::time::{Duration, Instant};

use keepalive::client::{keepalive, open};
use proto::echo::echo_client::EchoClient;
use testing::Process;
use tokio::{net::TcpStream, time::timeout};

use crate::{PROGRAM, require_flag};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_an_old_connection_gets_a_goaway_and_its_streams_go_on() {
    require_flag("server", "--max-age").await;
    let args = ["server", "--addr", "127.0.0.1:0", "--max-age", "1s"];
    let mut server = Process::start(PROGRAM, &args);
    let addr = server.addr().await;

    let endpoint = keepalive(&addr, None).unwrap();
    let mut client = EchoClient::new(endpoint.connect().await.unwrap());
    let mut stream = open(&mut client, PATIENCE).await.unwrap();
    stream.message().await.unwrap().unwrap();

    // A connection without calls ends as soon as it gets a GOAWAY.
    let start = Instant::now();
    let socket = TcpStream::connect(&addr).await.unwrap();
    let (_requests, connection) = h2::client::handshake(socket).await.unwrap();
    let ended = timeout(PATIENCE, connection).await;
    assert!(ended.is_ok(), "a connection that is older than --max-age must get a GOAWAY");
    assert!(
        start.elapsed() > Duration::from_millis(900),
        "a connection must live for --max-age"
    );
    let next = timeout(Duration::from_millis(500), stream.message()).await;
    assert!(
        next.is_err(),
        "a stream must stay open on an old connection, but it ended: {next:?}"
    );

    let mut server = Process::start(PROGRAM, &args[..3]);
    let socket = TcpStream::connect(server.addr().await).await.unwrap();
    let (_requests, connection) = h2::client::handshake::<_>(socket).await.unwrap();
    let ended = timeout(Duration::from_secs(2), connection).await;
    assert!(ended.is_err(), "without --max-age, a connection must stay open");
}

//! `max_connection_age`: how a server ends connections that are healthy.

use std::time::Duration;

use keepalive::client::{echo, end, keepalive, open};
use tokio::time::{Instant, sleep, timeout};
use tonic::transport::Server;
use watch::Side;

use crate::memory::{Service, connect};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test(start_paused = true)]
async fn after_its_age_a_connection_gets_a_goaway_and_its_streams_go_on() {
    let server = Server::builder().max_connection_age(60 * SECOND);
    let endpoint = keepalive("in.memory:1", None).unwrap();
    let (mut client, network) = connect(server, Service::default(), endpoint).await;
    let mut stream = open(&mut client, HOUR).await.unwrap();
    sleep(59 * SECOND).await;
    assert_eq!(network.frames(Side::Server, "GOAWAY"), 0);
    echo(&mut client, SECOND).await.expect("the connection still accepts calls");
    sleep(2 * SECOND).await;
    assert!(network.frames(Side::Server, "GOAWAY") > 0);
    timeout(HOUR, end(&mut stream)).await.expect_err("the stream is still open");
    // The next call needs another connection, and here there is none.
    echo(&mut client, SECOND).await.expect_err("the old connection accepts no more calls");
}

/// A surprise of tonic 0.14.9. In grpc-go, GOAWAY comes after the age, and the grace period follows.
#[tokio::test(start_paused = true)]
async fn with_a_grace_period_the_streams_are_cut_off_and_there_is_no_goaway_before() {
    let server = Server::builder();
    let server = server.max_connection_age(60 * SECOND).max_connection_age_grace(30 * SECOND);
    let endpoint = keepalive("in.memory:1", None).unwrap();
    let (mut client, network) = connect(server, Service::default(), endpoint).await;
    let start = Instant::now();
    let mut stream = open(&mut client, HOUR).await.unwrap();
    sleep(89 * SECOND).await;
    assert_eq!(network.frames(Side::Server, "GOAWAY"), 0);
    echo(&mut client, SECOND).await.expect("the connection still accepts calls");
    end(&mut stream).await.expect_err("it is cut off");
    assert_eq!(start.elapsed().as_secs(), 90);
}

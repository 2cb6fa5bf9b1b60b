//! Connections without calls.

use std::time::Duration;

use keepalive::client::{echo, keepalive};
use tokio::time::{Instant, sleep};
use tonic::{
    Code,
    transport::{Endpoint, Server},
};
use watch::Side;

use crate::memory::{Service, connect};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

fn endpoint() -> Endpoint {
    keepalive("in.memory:1", Some([10 * SECOND, SECOND])).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_client_sends_no_pings_while_no_call_is_in_flight() {
    let (mut client, network) =
        connect(Server::builder(), Service::default(), endpoint()).await;
    echo(&mut client, SECOND).await.unwrap();
    sleep(HOUR).await;
    assert_eq!(network.frames(Side::Client, "PING"), 0);
}

#[tokio::test(start_paused = true)]
async fn with_while_idle_it_does() {
    let endpoint = endpoint().keep_alive_while_idle(true);
    let (mut client, network) = connect(Server::builder(), Service::default(), endpoint).await;
    echo(&mut client, SECOND).await.unwrap();
    sleep(HOUR).await;
    let pings = network.frames(Side::Client, "PING");
    assert!((350..=360).contains(&pings), "{pings}");
}

#[tokio::test(start_paused = true)]
async fn with_while_idle_a_lost_connection_is_closed_before_the_next_call() {
    let endpoint = endpoint().keep_alive_while_idle(true);
    let (mut client, network) = connect(Server::builder(), Service::default(), endpoint).await;
    echo(&mut client, SECOND).await.unwrap();
    network.silence();
    sleep(HOUR).await;
    let start = Instant::now();
    // The channel opens another connection. Here there is none, so the call fails, but it does not wait.
    echo(&mut client, HOUR).await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_lost_while_idle_costs_the_next_call_only_the_timeout() {
    let (mut client, network) =
        connect(Server::builder(), Service::default(), endpoint()).await;
    echo(&mut client, SECOND).await.unwrap();
    network.silence();
    sleep(HOUR).await;
    let start = Instant::now();
    let status = echo(&mut client, HOUR).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(start.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_pings_of_the_server_do_not_depend_on_calls() {
    let server = Server::builder().http2_keepalive_interval(Some(10 * SECOND));
    let (_client, network) = connect(server, Service::default(), endpoint()).await;
    sleep(HOUR).await;
    let pings = network.frames(Side::Server, "PING");
    assert!((350..=360).contains(&pings), "{pings}");
}

#[tokio::test(start_paused = true)]
async fn without_an_interval_nobody_sends_a_ping() {
    let endpoint = keepalive("in.memory:1", None).unwrap().keep_alive_while_idle(true);
    let (mut client, network) = connect(Server::builder(), Service::default(), endpoint).await;
    let _stream = keepalive::client::open(&mut client, HOUR).await.unwrap();
    sleep(24 * HOUR).await;
    assert_eq!(network.frames(Side::Client, "PING") + network.frames(Side::Server, "PING"), 0);
}

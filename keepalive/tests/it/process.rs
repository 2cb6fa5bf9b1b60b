//! The programs, with a relay between them that goes silent.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use keepalive::tour::forward;
use launcher::incoming;
use proto::echo::echo_server::EchoServer;
use testing::{Ended, Process, start};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};
use tokio_util::io::InspectReader;
use tonic::{Code, transport::Server};

use crate::memory::Service;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_keepalive");

/// A relay, until it is dropped.
pub(crate) struct Relay {
    pub(crate) addr: String,
    pub(crate) silence: Arc<Notify>,
    /// All that the server has sent.
    pub(crate) sent: Arc<Mutex<Vec<u8>>>,
    _task: JoinSet<()>,
}

/// Starts a relay in front of `server`, for one connection.
pub(crate) async fn relay(server: &str) -> Relay {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let (silence, sent) = (Arc::new(Notify::new()), Arc::<Mutex<Vec<u8>>>::default());
    let (silenced, seen) = (Arc::clone(&silence), Arc::clone(&sent));
    let (server, mut task) = (server.to_owned(), JoinSet::new());
    task.spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect(server).await.unwrap();
        let server = InspectReader::new(server, |bytes: &[u8]| {
            seen.lock().unwrap().extend_from_slice(bytes);
        });
        // It fails if a side resets its connection, which is how the tests end.
        let _ = forward(client, server, &silenced, &Notify::new()).await;
    });
    Relay { addr, silence, sent, _task: task }
}

async fn server() -> (Process, String) {
    let mut server = Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]);
    let addr = server.addr().await;
    (server, addr)
}

fn client(addr: &str, args: &[&str]) -> Process {
    Process::start(PROGRAM, &[&["client", "--addr", addr], args].concat())
}

#[tokio::test]
async fn the_client_exits_with_1_and_a_line_when_the_network_goes_silent() {
    let (_server, addr) = server().await;
    let relay = relay(&addr).await;
    let mut client = client(&relay.addr, &[]);
    client.line("the stream is open").await;
    relay.silence.notify_one();
    let start = Instant::now();
    let Ended { status, stdout, stderr } = client.end().await;
    // Interval and timeout are 1 s by default. The rest is for a slow machine.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(status, Some(1), "{stdout}{stderr}");
    let line = format!("the stream to {} failed: UNAVAILABLE: ", relay.addr);
    assert!(stderr.starts_with(&line), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[tokio::test]
async fn the_server_drops_the_stream_when_the_network_goes_silent() {
    let (mut server, addr) = server().await;
    let relay = relay(&addr).await;
    // This client waits longer than the test.
    let mut client = client(&relay.addr, &["--interval", "1h", "--deadline", "1h"]);
    client.line("the stream is open").await;
    relay.silence.notify_one();
    let start = Instant::now();
    server.line("the stream was dropped").await;
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[tokio::test]
async fn the_client_exits_with_0_at_the_deadline() {
    let (mut server, addr) = server().await;
    let flags = ["--interval", "100ms", "--timeout", "30s", "--deadline", "500ms"];
    let ended = client(&addr, &flags).end().await;
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("the stream was open until its deadline"),
        "{}",
        ended.stdout
    );
    server.line("the stream was dropped").await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_client_ends_on_a_signal() {
    let (_server, addr) = server().await;
    let mut client = client(&addr, &[]);
    client.line("the stream is open").await;
    client.signal("TERM").await;
    assert_eq!(client.end().await.status, Some(1));
}

#[tokio::test]
async fn a_client_without_an_answer_to_its_call_fails_within_interval_and_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let client = client(&addr, &["--interval", "200ms", "--timeout", "200ms"]);
    let _silent = listener.accept().await.unwrap();
    let ended = client.end().await;
    assert_eq!(ended.status, Some(1));
    let line = format!("a call to {addr} failed: UNAVAILABLE: ");
    assert!(ended.stderr.starts_with(&line), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_that_hangs_is_noticed_like_a_silent_network() {
    let (server, addr) = server().await;
    let mut client = client(&addr, &[]);
    client.line("the stream is open").await;
    server.signal("STOP").await;
    let ended = client.end().await;
    assert!(ended.stderr.contains("UNAVAILABLE"), "{ended:?}");
    assert_eq!(ended.status, Some(1));
}

/// Runs the client against a server that ends the stream with this status.
async fn stream_ends_with(code: Code) -> Ended {
    let mut service = Service::default();
    service.ends_with = Some(code);
    let service = EchoServer::new(service);
    let addr = start(|listener, _| {
        Server::builder().add_service(service).serve_with_incoming(incoming(listener))
    })
    .await;
    client(&addr, &[]).end().await
}

#[tokio::test]
async fn a_stream_that_the_server_ends_is_no_error() {
    let ended = stream_ends_with(Code::Ok).await;
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    assert!(ended.stdout.contains("the server has ended the stream"), "{}", ended.stdout);
}

/// Servers of Go and Java apply the deadline to all of the stream, so they may be the first to end it.
#[tokio::test]
async fn a_stream_that_the_server_ends_at_the_deadline_is_no_error() {
    let ended = stream_ends_with(Code::DeadlineExceeded).await;
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
}

#[tokio::test]
async fn times_that_make_no_sense_are_refused() {
    for flag in ["--interval", "--timeout", "--deadline"] {
        for time in ["0s", "1us", "2days", "900000000000y", "-1s", "soon", ""] {
            let ended = client("127.0.0.1:1", &[&format!("{flag}={time}")]).end().await;
            assert_eq!(ended.status, Some(2), "{flag}={time}: {}", ended.stderr);
        }
    }
}

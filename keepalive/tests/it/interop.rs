//! Clients and servers in other languages.

use std::env;

use testing::{Process, python};
use watch::{Side, View, Watcher};

use crate::process::{PROGRAM, relay};

const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/keepalive.py");

/// A server of grpc-go with its default settings: the program in `.ci/keepalive`.
fn go_server() -> Process {
    let program =
        env::var("KEEPALIVE_GO_SERVER").unwrap_or_else(|_| "keepalive-go-server".into());
    Process::start(&program, &[])
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_python_client_and_our_server_both_notice_the_silence() {
    let mut server = Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]);
    let relay = relay(&server.addr().await).await;
    let mut client = Process::start(&python(), &[PYTHON, "client", &relay.addr]);
    client.line("the stream is open").await;
    relay.silence.notify_one();
    client.line("the stream ended with UNAVAILABLE").await;
    server.line("the stream was dropped").await;
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn our_client_and_a_python_server_both_notice_the_silence() {
    let mut server = Process::start(&python(), &[PYTHON, "server"]);
    let relay = relay(&server.addr().await).await;
    let mut client = Process::start(PROGRAM, &["client", "--addr", &relay.addr]);
    client.line("the stream is open").await;
    relay.silence.notify_one();
    client.line("the stream -> UNAVAILABLE").await;
    assert_eq!(client.end().await.status, Some(1));
    server.line("the stream was dropped").await;
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn against_a_healthy_python_server_the_stream_is_open_until_its_deadline() {
    let mut server = Process::start(&python(), &[PYTHON, "server"]);
    let addr = server.addr().await;
    let args = ["client", "--addr", &addr, "--interval", "100ms", "--deadline", "3s"];
    let ended = Process::start(PROGRAM, &args).end().await;
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
}

/// Our client, which sends a PING each second, is refused by this server.
async fn refused(mut server: Process) {
    let relay = relay(&server.addr().await).await;
    let ended = Process::start(PROGRAM, &["client", "--addr", &relay.addr]).end().await;
    assert!(ended.stderr.contains("UNAVAILABLE"), "{ended:?}");
    assert_eq!(ended.status, Some(1));

    let sent = relay.sent.lock().unwrap().clone();
    let frames = Watcher::new(View::Frames).see(Side::Server, &sent);
    let last = frames.iter().rfind(|frame| frame.text.starts_with("GOAWAY")).expect("a GOAWAY");
    assert!(last.text.ends_with("ENHANCE_YOUR_CALM"), "{last:?}");
    let reason = b"too_many_pings";
    assert!(sent.windows(reason.len()).any(|bytes| bytes == reason), "{frames:?}");
}

#[tokio::test]
#[ignore = "needs Go"]
async fn a_go_server_refuses_a_ping_each_second() {
    refused(go_server()).await;
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_python_server_refuses_a_ping_each_second() {
    refused(Process::start(&python(), &[PYTHON, "strict"])).await;
}

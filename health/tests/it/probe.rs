//! The probe's exit statuses, for servers of all kinds.

use testing::{Ended, Process};
use tokio::{io::AsyncWriteExt, net::TcpListener};

use crate::servers::{Kind, start};

pub(crate) const PROBE: &str = env!("CARGO_BIN_EXE_health-probe");
pub(crate) const HEALTH: &str = env!("CARGO_BIN_EXE_health");

async fn probe(args: &[&str]) -> Ended {
    Process::start(PROBE, args).end().await
}

#[tokio::test]
async fn each_kind_of_server_has_its_exit_status_and_its_line() {
    for kind in Kind::ALL {
        let server = start(kind).await;
        let ended = probe(&server.args()).await;
        assert_eq!(ended.status, Some(kind.exit_status()), "{kind:?}: {ended:?}");
        assert!(ended.stderr.starts_with(kind.line()), "{kind:?}: {}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{kind:?}: {}", ended.stderr);
    }
}

#[tokio::test]
async fn the_sub_command_is_the_same_probe() {
    for kind in [Kind::Serving, Kind::NotServing, Kind::Missing] {
        let server = start(kind).await;
        let args = [&["probe"][..], &server.args()].concat();
        let ended = Process::start(HEALTH, &args).end().await;
        assert_eq!(ended.status, Some(kind.exit_status()), "{kind:?}: {ended:?}");
    }
}

#[tokio::test]
async fn invalid_arguments_exit_with_1() {
    for args in [
        &[][..],
        &["--addr"],
        &["--addr=127.0.0.1:1", "--connect-timeout=soon"],
        &["--addr=127.0.0.1:1", "--rpc-timeout=0s"],
        &["--addr=127.0.0.1:1", "--rpc-timeout=12000y"],
        &["--addr=127.0.0.1:1", "--rpc-header=no colon"],
        &["--addr="],
        &["--addr=127.0.0.1:1", "--no-such-flag"],
    ] {
        assert_eq!(probe(args).await.status, Some(1), "{args:?}");
        let args = [&["probe"], args].concat();
        assert_eq!(Process::start(HEALTH, &args).end().await.status, Some(1), "{args:?}");
    }
}

#[tokio::test]
async fn an_invalid_command_line_of_another_command_exits_with_2() {
    let ended = Process::start(HEALTH, &["server", "--no-such-flag"]).end().await;
    assert_eq!(ended.status, Some(2), "{ended:?}");
}

#[tokio::test]
async fn an_invalid_address_exits_with_2() {
    for addr in [
        "localhost",
        "localhost:x",
        "[::1",
        "no-such-host.invalid:1",
        "ali@localhost:1",
        "a/b:1",
    ] {
        let ended = probe(&["--addr", addr]).await;
        assert_eq!(ended.status, Some(2), "{addr}: {ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{addr}: {}", ended.stderr);
    }
}

#[tokio::test]
async fn flags_may_have_one_dash_as_in_go() {
    let server = start(Kind::Serving).await;
    let port = server.addr.rsplit(':').next().unwrap();
    // As in Go, an address may have no host.
    for addr in [format!("-addr={}", server.addr), format!("-addr=:{port}")] {
        let args = ["-service=shop", "-connect-timeout", "30s", "-rpc-timeout=30s", "-v"];
        let args = [&[&*addr], &args[..]].concat();
        assert_eq!(probe(&args).await.status, Some(0), "{addr}");
        let args = [&["probe"], &args[..]].concat();
        assert_eq!(Process::start(HEALTH, &args).end().await.status, Some(0), "{addr}");
    }
}

#[tokio::test]
async fn headers_are_sent() {
    let server = start(Kind::RequiresToken).await;
    assert_eq!(probe(&server.args()).await.status, Some(3), "without the header");
    let args = [&server.args()[..], &["--rpc-header", "Token: open-sesame"]].concat();
    assert_eq!(probe(&args).await.status, Some(0), "with the header");
}

#[tokio::test]
async fn a_verbose_probe_prints_its_steps() {
    let server = start(Kind::Serving).await;
    let ended = probe(&[&server.args()[..], &["-v"]].concat()).await;
    assert_eq!(ended.stderr.lines().count(), 3, "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().last(), Some("status: SERVING"));
}

#[tokio::test]
async fn a_server_that_does_not_speak_http2_is_not_connected() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let ended = probe(&["--addr", &addr, "--connect-timeout", "30s"]).await;
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.contains("HTTP/2"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_name_with_line_breaks_leaves_one_line() {
    let server = start(Kind::Serving).await;
    let ended = probe(&["--addr", &server.addr, "--service", "a\nb"]).await;
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}

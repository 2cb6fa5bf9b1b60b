//! The probe's exit statuses, from servers of all kinds.

mod kind;
mod real;
mod servers;

use kind::Kind;
use servers::start;
use testing::{Ended, Process};
use tokio::io::AsyncWriteExt;

const PROBE: &str = env!("CARGO_BIN_EXE_health-probe");
const HEALTH: &str = env!("CARGO_BIN_EXE_health");

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
async fn arguments_that_are_not_understood_exit_with_1() {
    for args in [
        &[][..],
        &["--addr"],
        &["--addr=127.0.0.1:1", "--connect-timeout=soon"],
        &["--addr=127.0.0.1:1", "--rpc-timeout=0s"],
        &["--addr=127.0.0.1:1", "--rpc-timeout=12000y"],
        &["--addr=127.0.0.1:1", "--rpc-header=no colon"],
        &["--addr=127.0.0.1:1", "--user-agent=a\nb"],
        &["--addr="],
        &["--addr=127.0.0.1:1", "--no-such-flag"],
    ] {
        assert_eq!(probe(args).await.status, Some(1), "{args:?}");
        let args = [&["probe"], args].concat();
        assert_eq!(Process::start(HEALTH, &args).end().await.status, Some(1), "{args:?}");
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_not_connected_to() {
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
    }
}

#[tokio::test]
async fn flags_may_have_one_dash_as_gos_have() {
    let server = start(Kind::Serving).await;
    let port = server.addr.rsplit(':').next().unwrap();
    // And their addresses may have no host.
    for addr in [format!("-addr={}", server.addr), format!("-addr=:{port}")] {
        let args = [&addr, "-service=shop", "-connect-timeout=30s", "-rpc-timeout=30s"];
        assert_eq!(probe(&args).await.status, Some(0), "{addr}");
    }
}

#[tokio::test]
async fn headers_and_the_user_agent_are_sent() {
    let server = start(Kind::AsksForAHeader).await;
    let with = [&server.args()[..], &["--rpc-header", "Token: open-sesame"]].concat();
    assert_eq!(probe(&with).await.status, Some(3), "the user agent is another");
    let with = [&with[..], &["--user-agent", "ali-baba"]].concat();
    assert_eq!(probe(&with).await.status, Some(0));
}

#[tokio::test]
async fn a_probe_that_is_asked_to_tells_its_steps() {
    let server = start(Kind::Serving).await;
    let ended = probe(&[&server.args()[..], &["-v"]].concat()).await;
    assert!(ended.stderr.lines().count() > 1, "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().last(), Some("status: SERVING"));
}

#[tokio::test]
async fn whoever_does_not_speak_http2_is_not_connected_to() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let ended = probe(&["--addr", &addr, "--connect-timeout", "30s"]).await;
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.contains("does not speak HTTP/2"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_name_with_line_ends_in_it_leaves_one_line() {
    let server = start(Kind::Serving).await;
    let ended = probe(&["--addr", &server.addr, "--service", "a\nb"]).await;
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}

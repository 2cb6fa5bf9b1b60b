//! The example as its user starts it: two processes, their exit statuses and their one line of
//! error.

use testing::{Ended, Process, closed_addr};

const PROGRAM: &str = env!("CARGO_BIN_EXE_productinfo");

async fn run(args: &[&str]) -> Ended {
    Process::start(PROGRAM, args).end().await
}

/// Asserts that it failed with exit status 1 and a single line, and returns the line.
fn reason(ended: &Ended) -> &str {
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    &ended.stderr
}

#[tokio::test]
async fn a_client_and_a_server_meet_in_two_terminals() {
    let mut server = Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]);
    let client = run(&["client", "--addr", &server.addr().await]).await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
    assert_eq!(client.stdout.lines().count(), 5, "{}", client.stdout);
}

#[tokio::test]
async fn an_address_may_have_a_name_for_its_host() {
    let mut server = Process::start(PROGRAM, &["server", "--addr", "localhost:0"]);
    let addr = server.addr().await;
    let port = addr.rsplit(':').next().unwrap();
    let client = run(&["client", "--addr", &format!("localhost:{port}")]).await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
}

#[tokio::test]
async fn a_client_without_a_server_says_what_it_tried_and_what_to_do() {
    let (_held, addr) = closed_addr();
    let client = run(&["client", "--addr", &addr]).await;
    let reason = reason(&client);
    assert!(reason.starts_with(&format!("cannot connect to {addr}: ")), "{reason}");
    assert!(reason.contains("`cargo run -p productinfo -- server`"), "{reason}");
}

#[tokio::test]
async fn a_server_whose_port_is_taken_says_so_and_what_to_do() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let server = run(&["server", "--addr", &addr]).await;
    let reason = reason(&server);
    assert!(reason.starts_with(&format!("cannot listen on {addr}: ")), "{reason}");
    assert!(reason.contains("--addr"), "{reason}");
}

#[tokio::test]
async fn an_address_that_does_not_parse_is_refused_by_both_sides() {
    for side in ["server", "client"] {
        let ended = run(&[side, "--addr", "50051"]).await;
        let reason = reason(&ended);
        assert!(reason.starts_with("\"50051\" is no address: it has no port"), "{reason}");
    }
}

#[tokio::test]
async fn a_wrong_command_line_exits_with_2() {
    assert_eq!(run(&["serve"]).await.status, Some(2));
}

#[cfg(unix)]
#[tokio::test]
async fn rust_log_shows_the_http2_frames_on_standard_error() {
    let ended = Process::start("env", &["RUST_LOG=h2=debug", PROGRAM]).end().await;
    assert!(ended.stderr.contains("frame=Headers"), "{}", ended.stderr);
    assert_eq!(ended.stdout.lines().count(), 8, "{}", ended.stdout);
}

#[cfg(unix)]
#[tokio::test]
async fn a_transcript_has_colours_only_where_they_are_wanted() {
    let coloured = Process::start("env", &["CLICOLOR_FORCE=1", PROGRAM]).end().await;
    assert!(coloured.stdout.contains("\x1b["), "{}", coloured.stdout);
    let plain = Process::start("env", &["NO_COLOR=1", PROGRAM]).end().await;
    assert!(!plain.stdout.contains("\x1b["), "{}", plain.stdout);
}

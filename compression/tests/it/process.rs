//! The program as you start it: its exit status, and errors of one line.

use testing::{Process, closed_addr};

const PROGRAM: &str = env!("CARGO_BIN_EXE_compression");

#[tokio::test]
async fn both_sides_run_in_one_process() {
    let ended = Process::start(PROGRAM, &[]).end().await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(ended.stderr, "");
}

#[tokio::test]
async fn an_unknown_encoding_on_the_command_line_exits_with_2() {
    let ended = Process::start(PROGRAM, &["client", "--encoding", "snappy"]).end().await;
    assert_eq!(ended.status, Some(2));
}

#[tokio::test]
async fn a_client_without_a_server_fails_with_one_line() {
    let (_held, addr) = closed_addr();
    let args = ["client", "--addr", &addr, "--encoding", "gzip"];
    let ended = Process::start(PROGRAM, &args).end().await;
    assert_eq!(ended.status, Some(1));
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(
        ended.stderr.starts_with(&format!("cannot connect to {addr}: ")),
        "{}",
        ended.stderr
    );
}

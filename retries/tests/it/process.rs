//! Three backends as processes, of which one is killed, drained or stopped, and the command line.
#![cfg(unix)]

use testing::{Ended, Process, closed_addr};

const PROGRAM: &str = env!("CARGO_BIN_EXE_retries");

/// A backend, and its address.
async fn backend(addr: &str) -> (Process, String) {
    let mut server = Process::start(PROGRAM, &["server", "--addr", addr]);
    let addr = server.addr().await;
    (server, addr)
}

fn client(addrs: &[String], args: &[&str]) -> Process {
    let addrs = addrs.iter().flat_map(|addr| ["--addr", addr]);
    let args = ["client"].into_iter().chain(addrs).chain(args.iter().copied());
    Process::start(PROGRAM, &args.collect::<Vec<_>>())
}

/// 2,000 calls to three backends. After half of them, `happen` is called with the first backend and
/// its address, and returns the processes that have to run on.
async fn under_load(happen: impl AsyncFnOnce(Process, &str) -> Vec<Process>) {
    let (first, addr) = backend("127.0.0.1:0").await;
    let (_second, second) = backend("127.0.0.1:0").await;
    let (_third, third) = backend("127.0.0.1:0").await;
    let args = ["--policy", "round_robin", "--calls", "2000", "--concurrency", "64"];
    let mut client = client(&[addr.clone(), second, third], &args);
    // Before that, there may be no call that can be lost.
    client.line("of the first 1000 calls").await;
    let _running = happen(first, &addr).await;
    let Ended { status, stdout, stderr } = client.end().await;
    assert_eq!((status, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.contains("client | 0 of 2000 calls failed"), "{stdout}");
}

#[tokio::test]
async fn no_call_fails_when_a_backend_is_killed_and_restarted() {
    under_load(async |backend_process, addr| {
        backend_process.signal("KILL").await;
        assert_eq!(backend_process.end().await.status, None);
        vec![backend(addr).await.0]
    })
    .await;
}

#[tokio::test]
async fn no_call_fails_when_a_backend_is_drained_and_restarted() {
    under_load(async |backend_process, addr| {
        backend_process.signal("TERM").await;
        assert_eq!(backend_process.end().await.status, Some(0));
        vec![backend(addr).await.0]
    })
    .await;
}

#[tokio::test]
async fn no_call_fails_when_a_backend_hangs() {
    under_load(async |backend_process, _| {
        backend_process.signal("STOP").await;
        vec![backend_process]
    })
    .await;
}

#[tokio::test]
async fn a_client_that_finds_no_backend_says_so_in_one_line_and_exits_with_1() {
    let (_held, addr) = closed_addr();
    let ended = client(&[addr], &["--calls", "100", "--concurrency", "100"]).end().await;
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.starts_with("100 of 100 calls failed, the last with UNAVAILABLE: "));
    assert!(ended.stderr.contains("cargo run -p retries -- server"), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1);
}

#[tokio::test]
async fn with_wait_for_ready_a_call_waits_until_its_backend_starts() {
    let (held, addr) = closed_addr();
    let mut client = client(std::slice::from_ref(&addr), &["--calls", "1", "--wait-for-ready"]);
    client.line("1 at a time").await;
    drop(held);
    let (_server, _) = backend(&addr).await;
    assert_eq!(client.end().await.status, Some(0));
}

//! The command line.

use http::Response;
use testing::{Ended, Process, closed_addr};
use tokio::net::TcpListener;

const PROGRAM: &str = env!("CARGO_BIN_EXE_load-balancing");

/// A process with two backends, and their addresses as flags.
async fn server() -> (Process, [String; 2]) {
    let args = ["server", "--addr", "127.0.0.1:0", "--addr", "127.0.0.1:0"];
    let mut server = Process::start(PROGRAM, &args);
    let addrs = [server.addr().await, server.addr().await];
    (server, addrs)
}

async fn client(addrs: &[String], args: &[&str]) -> Ended {
    let addrs = addrs.iter().flat_map(|addr| ["--addr", addr]);
    let args = ["client"].into_iter().chain(addrs).chain(args.iter().copied());
    Process::start(PROGRAM, &args.collect::<Vec<_>>()).end().await
}

#[tokio::test]
async fn a_client_without_flags_says_ten_times_what_the_first_backend_answers() {
    let (_server, addrs) = server().await;
    let ended = client(&addrs, &[]).await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let answer =
        format!("client | this is examples/load_balancing (from {})\n", addrs[0]).repeat(10);
    assert!(ended.stdout.starts_with(&answer), "{}", ended.stdout);
}

#[tokio::test]
async fn each_policy_calls_the_backends_that_it_promises() {
    let (_server, addrs) = server().await;
    for policy in ["pick_first", "round_robin", "least_request", "balance_list"] {
        let ended = client(&addrs, &["--policy", policy, "--calls", "100"]).await;
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{policy}");
        let backends = ended.stdout.lines().count();
        assert_eq!(backends, if policy == "pick_first" { 1 } else { 2 }, "{}", ended.stdout);
    }
}

#[tokio::test]
async fn a_target_can_be_a_name_or_a_list_of_addresses() {
    let (_server, addrs) = server().await;
    let port = addrs[0].rsplit(':').next().expect("there is a port");
    for target in [format!("dns:///127.0.0.1:{port}"), format!("ipv4:{}", addrs.join(","))] {
        let ended = client(&[], &["--target", &target]).await;
        assert_eq!(ended.status, Some(0), "{target}: {ended:?}");
    }
}

#[tokio::test]
async fn a_client_that_finds_no_backend_says_so_in_one_line_and_exits_with_1() {
    let (_held, addr) = closed_addr();
    let ended = client(&[addr], &["--calls", "100", "--concurrency", "100"]).await;
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.starts_with("100 of 100 calls failed, the last with UNAVAILABLE: "));
    assert!(ended.stderr.contains("cargo run -p load-balancing -- server"), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1);
}

#[tokio::test]
async fn an_invalid_target_is_refused_with_the_reason() {
    for (args, reason) in [
        (["--target", "localhost"], "missing port"),
        (["--addr", "localhost"], "missing port"),
        (["--target", "example:///nowhere"], "unknown name"),
    ] {
        let ended = client(&[], &args).await;
        assert_eq!(ended.status, Some(1), "{args:?}");
        assert!(ended.stderr.contains(reason), "{args:?}: {}", ended.stderr);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn all_backends_of_a_process_end_with_it() {
    let (server, addrs) = server().await;
    server.signal("TERM").await;
    let ended = server.end().await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(client(&addrs, &[]).await.status, Some(1));
}

#[tokio::test]
async fn the_advice_after_deadlines_fits_backends_that_hang() {
    // The system accepts connections to it, and no program reads them.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = silent.local_addr().expect("it is bound").to_string();
    let ended = client(&[addr], &["--calls", "4", "--concurrency", "4"]).await;
    assert_eq!(ended.status, Some(1));
    let error = ended.stderr;
    assert!(
        error.starts_with("4 of 4 calls failed, the last with DEADLINE_EXCEEDED: "),
        "{error}"
    );
    assert!(error.contains("check whether the backends hang"), "{error}");
    assert!(!error.contains("start backends"), "{error}");
}

#[tokio::test]
async fn a_call_that_panics_ends_the_client_with_one_line_and_1() {
    // tonic 0.14.9 panics when these details are not base64.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("the client connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        while let Some(Ok((_, mut call))) = connection.accept().await {
            let response = Response::builder()
                .header("content-type", "application/grpc")
                .header("grpc-status", "5")
                .header("grpc-status-details-bin", "!!!")
                .body(())
                .expect("the headers are valid");
            call.send_response(response, true).expect("the stream is open");
        }
    });
    let ended = client(&[addr], &["--calls", "100", "--concurrency", "10"]).await;
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
}

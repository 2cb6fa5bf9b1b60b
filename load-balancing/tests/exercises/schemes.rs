//! 2. Another scheme.

use testing::Process;
use tokio::net::TcpListener;

const PROGRAM: &str = env!("CARGO_BIN_EXE_load-balancing");

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_lists_of_ipv6_addresses_are_targets() {
    for list in ["", "127.0.0.1:50051", "[::1]", "[::1]:50051,127.0.0.1:50052", "[::1]:1,"] {
        let target = format!("ipv6:{list}");
        let ended = Process::start(PROGRAM, &["client", "--target", &target]).end().await;
        let refused = ended.status == Some(1) && ended.stderr.contains("not an IPv6 address");
        assert!(
            refused,
            "--target {target} must be refused with \"... is not an IPv6 address with a port\", \
             and the client printed: {}",
            ended.stderr
        );
    }
    if TcpListener::bind("[::1]:0").await.is_err() {
        return; // This machine has no IPv6.
    }
    let mut server =
        Process::start(PROGRAM, &["server", "--addr", "[::1]:0", "--addr", "[::1]:0"]);
    let addrs = [server.addr().await, server.addr().await];
    let target = format!("ipv6:{}", addrs.join(","));
    let args = ["client", "--target", &target, "--policy", "round_robin", "--calls", "2"];
    let ended = Process::start(PROGRAM, &args).end().await;
    for addr in &addrs {
        assert!(
            ended.stdout.contains(&format!("(from {addr})")),
            "with --target {target}, the client must call {addr}: {ended:?}"
        );
    }
}

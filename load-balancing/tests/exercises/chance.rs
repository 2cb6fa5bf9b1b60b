//! 1. Random.

use testing::{Ended, Process, closed_addr};

const PROGRAM: &str = env!("CARGO_BIN_EXE_load-balancing");

async fn client(addrs: &[&str], calls: &str) -> Ended {
    let addrs = addrs.iter().flat_map(|addr| ["--addr", addr]);
    let args = ["client", "--policy", "random", "--calls", calls].into_iter().chain(addrs);
    Process::start(PROGRAM, &args.collect::<Vec<_>>()).end().await
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_a_policy_that_picks_at_random() {
    let mut server =
        Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0", "--addr", "127.0.0.1:0"]);
    let addrs = [server.addr().await, server.addr().await];
    let ended = client(&[&addrs[0], &addrs[1]], "200").await;
    assert_eq!(
        ended.status,
        Some(0),
        "calls with --policy random must succeed: {}",
        ended.stderr
    );
    for line in ended.stdout.lines() {
        let calls = line.rsplit(' ').next().and_then(|calls| calls.parse::<u32>().ok());
        assert!(
            // A random policy is outside these limits once in a billion runs.
            calls.is_some_and(|calls| (57..=143).contains(&calls)),
            "of 200 calls, each backend must get about 100:\n{}",
            ended.stdout
        );
    }

    let mut repeated = false;
    for _ in 0..3 {
        let ended = client(&[&addrs[0], &addrs[1]], "20").await;
        let answers = ended.stdout.lines().take(20).collect::<Vec<_>>();
        repeated |= answers.windows(2).any(|pair| pair[0] == pair[1]);
    }
    assert!(repeated, "a random policy must sometimes pick the same backend twice in a row");

    let (_held, closed) = closed_addr();
    let ended = client(&[&closed, &addrs[0]], "200").await;
    assert_eq!(ended.status, Some(0), "backends that are not ready must be left out");
    let ended = client(&[&closed], "1").await;
    assert!(
        ended.stderr.contains("no backend can be reached"),
        "without a ready backend, `not_ready` must make the picker: {}",
        ended.stderr
    );
}

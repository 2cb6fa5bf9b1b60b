//! Backends in another language.

use std::{collections::BTreeSet, time::Duration};

use channel::{Backoff, Channel, Names, RoundRobin};
use load_balancing::{load::load, stub::repeating};
use testing::{Process, python};
use tokio::sync::watch;

const BACKEND: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/backend.py");

/// A backend on this port, or on a free one.
async fn backend(port: &str) -> (Process, String) {
    let mut backend = Process::start(&python(), &[BACKEND, port]);
    let addr = backend.addr().await;
    (backend, addr)
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn backends_in_python_get_exact_turns_and_no_call_is_lost_when_one_is_killed() {
    let mut backends = Vec::new();
    let mut addrs = Vec::new();
    for _ in 0..3 {
        let (backend, addr) = backend("0").await;
        backends.push(backend);
        addrs.push(addr);
    }
    let backoff = Backoff { initial: Duration::from_millis(50), ..Backoff::default() };
    let builder = Channel::to(&format!("ipv4:{}", addrs.join(",")), &Names::new());
    let builder = builder.expect("it is a target").policy(RoundRobin::default());
    let channel = builder.backoff(backoff).build();
    channel.connected().await;
    let stub = repeating(channel);

    let mut answers = Vec::new();
    load(&stub, 300, 1, async |answer| answers.push(answer.expect("it is answered"))).await;
    for three in answers.chunks(3) {
        assert_eq!(three.iter().collect::<BTreeSet<_>>().len(), 3, "{three:?}");
    }

    let (count, mut progress) = watch::channel(0);
    let calls = load(&stub, 6_000, 64, async |answer| {
        answer.expect("no call is lost");
        count.send_modify(|ended| *ended += 1);
    });
    let kill = async {
        progress.wait_for(|ended| *ended >= 2_000).await.expect("there is load");
        drop(backends.pop());
        let port = addrs[2].rsplit(':').next().expect("there is a port");
        let again = backend(port).await;
        progress.wait_for(|ended| *ended >= 5_999).await.expect("there is load");
        again
    };
    tokio::join!(calls, kill);
}

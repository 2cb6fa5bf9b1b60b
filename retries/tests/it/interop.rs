//! Backends in another language.

use channel::{RoundRobin, load};
use proto::echo::echo_client::EchoClient;
use retries::{
    client::{UNARY_ECHO, channel, echo},
    retries::{Retries, RetryPolicy},
};
use std::{collections::BTreeSet, time::Duration};
use testing::{Process, python};
use tokio::sync::watch;

const BACKEND: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/backend.py");

/// A backend on this port, or on a free one for port 0.
async fn backend(port: &str) -> (Process, String) {
    let mut backend = Process::start(&python(), &[BACKEND, port]);
    let addr = backend.addr().await;
    (backend, addr)
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn backends_in_python_get_exact_turns_and_no_call_is_lost_when_one_is_killed() {
    let (mut backends, mut addrs) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let (backend, addr) = backend("0").await;
        backends.push(backend);
        addrs.push(addr);
    }
    let builder = channel(&addrs).expect("these are addresses");
    let channel = builder.policy(RoundRobin::default()).build();
    channel.connected().await;
    let retries = Retries::new(channel).unary(UNARY_ECHO, RetryPolicy::default());
    let stub = EchoClient::new(retries);
    let call = || echo(stub.clone(), Duration::from_secs(5), false);

    let mut answers = Vec::new();
    let answered = |answer: Result<String, _>| answers.push(answer.expect("it is answered"));
    load(300, 1, call, answered).await.expect("no call panics");
    for three in answers.chunks(3) {
        assert_eq!(three.iter().collect::<BTreeSet<_>>().len(), 3, "{three:?}");
    }

    let (count, mut progress) = watch::channel(0);
    let calls = load(6_000, 64, call, |answer| {
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
    tokio::join!(calls, kill).0.expect("no call panics");
}

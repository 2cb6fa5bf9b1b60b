//! The exercises of the README. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p load-balancing --test exercises -- --ignored exercise_1
//! ```

use std::{
    future::pending,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use load_balancing::{
    backoff::Backoff,
    channel::Channel,
    retries::{Retries, RetryPolicy},
    round_robin::RoundRobin,
    server::{Backend, serve},
    stub::UNARY_ECHO,
    target::Names,
};
use proto::echo::{EchoRequest, echo_client::EchoClient, echo_server::EchoServer};
use testing::{Process, deaf_addr};
use tokio::net::TcpListener;
use tonic::{
    Status,
    service::interceptor::InterceptorLayer,
    transport::{Server, server::TcpIncoming},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_load-balancing");

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_a_policy_that_leaves_it_to_chance() {
    let mut server =
        Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0", "--addr", "127.0.0.1:0"]);
    let addrs = [server.addr().await, server.addr().await];
    let client = |calls| {
        let [one, other] = &addrs;
        let policy = ["--policy", "random", "--calls", calls];
        let args = [&["client", "--addr", one, "--addr", other], &policy[..]].concat();
        Process::start(PROGRAM, &args).end()
    };
    let ended = client("200").await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let shares = ended.stdout.lines().map(|line| {
        let calls = line.rsplit(' ').next().expect("a split has a first part");
        calls.parse::<u32>().expect("it is a bar")
    });
    let shares = shares.collect::<Vec<_>>();
    assert_eq!((shares.len(), shares.iter().sum()), (2, 200), "{shares:?}");
    // Once in a billion times chance does worse.
    assert!(shares.iter().all(|share| (57..=143).contains(share)), "{shares:?}");

    // Of three times 20 calls, one at least is in another order than in turn.
    let mut repeated = false;
    for _ in 0..3 {
        let ended = client("20").await;
        let answers = ended.stdout.lines().take(20).collect::<Vec<_>>();
        repeated |= answers.windows(2).any(|pair| pair[0] == pair[1]);
    }
    assert!(repeated, "these are turns");

    // One that is not there is not waited for.
    let (_held, nobody) = deaf_addr();
    let args = ["client", "--addr", &nobody, "--addr", &addrs[0], "--policy", "random"];
    let ended = Process::start(PROGRAM, &[&args[..], &["--calls", "200"]].concat()).end().await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_lists_of_ipv6_addresses_are_targets() {
    for target in ["ipv6:[::1]:50051", "ipv6:[::1]:50051,[2001:db8::7]:50052"] {
        let error = Channel::to(target, &Names::new()).err();
        assert!(error.is_none(), "{target}: {error:?}");
    }
    for target in [
        "ipv6:",
        "ipv6:127.0.0.1:50051",
        "ipv6:[::1]",
        "ipv6:[::1]:50051,127.0.0.1:50052",
        "ipv6:[::1]:50051,",
        "ipv4:[::1]:50051",
    ] {
        let error = Channel::to(target, &Names::new()).err().expect(target).to_string();
        assert!(error.contains("is not a target"), "{target}: {error}");
    }
    // Some machines have no IPv6.
    let [Ok(one), Ok(other)] =
        [TcpListener::bind("[::1]:0").await, TcpListener::bind("[::1]:0").await]
    else {
        return;
    };
    let addrs = [&one, &other].map(|listener| listener.local_addr().expect("it is bound"));
    tokio::spawn(serve(one, pending()));
    tokio::spawn(serve(other, pending()));
    let target = format!("ipv6:{},{}", addrs[0], addrs[1]);
    let builder = Channel::to(&target, &Names::new()).expect("it is a target");
    let channel = builder.policy(RoundRobin::default()).build();
    channel.connected().await;
    let mut stub = EchoClient::new(channel);
    for addr in addrs {
        let answer = stub.unary_echo(EchoRequest::default()).await.expect("it is answered");
        assert_eq!(answer.into_inner().message, format!(" (from {addr})"));
    }
}

/// A backend, how many attempts it has seen, and whether it is UNAVAILABLE.
async fn backend() -> (SocketAddr, Arc<AtomicUsize>, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound");
    let attempts = Arc::new(AtomicUsize::new(0));
    let down = Arc::new(AtomicBool::new(true));
    let (count, is_down) = (Arc::clone(&attempts), Arc::clone(&down));
    let check = move |request| {
        count.fetch_add(1, SeqCst);
        if is_down.load(SeqCst) { Err(Status::unavailable("not now")) } else { Ok(request) }
    };
    tokio::spawn(
        Server::builder()
            .layer(InterceptorLayer::new(check))
            .add_service(EchoServer::new(Backend { addr }))
            .serve_with_incoming(TcpIncoming::from(listener)),
    );
    (addr, attempts, down)
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_when_most_calls_fail_they_are_not_repeated() {
    let (addr, attempts, down) = backend().await;
    let target = format!("ipv4:{addr}");
    let initial = Duration::from_millis(1);
    let backoff = Backoff { initial, max: initial, ..Backoff::default() };
    let policy = RetryPolicy { max_attempts: 4, backoff };
    let stub = || {
        let builder = Channel::to(&target, &Names::new()).expect("it is a target");
        EchoClient::new(Retries::new(builder.build()).method(UNARY_ECHO, policy))
    };
    let first = stub();
    let call = async |stub: &EchoClient<Retries>| {
        let before = attempts.load(SeqCst);
        let _ = stub.clone().unary_echo(EchoRequest::default()).await;
        attempts.load(SeqCst) - before
    };

    // A method without a policy is none of this.
    for _ in 0..600 {
        let call = first.clone().server_streaming_echo(EchoRequest::default()).await;
        call.map(drop).expect_err("it is down");
    }
    // There are 1,000 tokens. Each failure takes one, and repeating needs more than 500.
    for number in 1..=125 {
        assert_eq!(call(&first).await, 4, "after {number} calls");
    }
    for _ in 0..101 {
        assert_eq!(call(&first).await, 1, "no more than 500 are left");
    }
    assert_eq!(call(&stub()).await, 4, "another channel has tokens of its own");
    // 399 are left, and each success brings a tenth of one.
    down.store(false, SeqCst);
    for _ in 0..1_025 {
        assert_eq!(call(&first).await, 1, "it is answered");
    }
    down.store(true, SeqCst);
    assert_eq!(call(&first).await, 2, "there were 501.5, and then 500.5");
}

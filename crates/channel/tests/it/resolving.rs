//! Resolvers, and what the channel makes of their answers.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use channel::{Channel, Dns, Names, Resolver, RoundRobin};
use futures::FutureExt;
use proto::echo::{EchoRequest, echo_client::EchoClient};
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

use crate::network::{Network, addr, addrs, connect, echo, from, settle, told};

fn channel(network: &Network, resolver: impl Resolver) -> Channel {
    Channel::over(resolver).policy(RoundRobin::default()).connector(connect(network)).build()
}

#[tokio::test(start_paused = true)]
async fn no_call_fails_while_addresses_come_and_go() {
    let network = Network::of(1..=4);
    let (answers, resolver) = told(&[1]);
    let channel = channel(&network, resolver);
    let callers = (0..16).map(|_| {
        let channel = channel.clone();
        tokio::spawn(async move {
            for _ in 0..100 {
                echo(&channel).await.expect("no call fails");
            }
        })
    });
    let callers = callers.collect::<Vec<_>>();
    for numbers in [&[1, 2][..], &[3, 4], &[2, 4], &[1, 2, 3, 4], &[4], &[1, 3]].iter().cycle()
    {
        if callers.iter().all(tokio::task::JoinHandle::is_finished) {
            break;
        }
        answers.say(numbers);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
    for caller in callers {
        caller.await.expect("no call fails");
    }
    for number in 1..=4 {
        assert!(!network.attempts(number).is_empty(), "{number} was used");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_goes_on_when_its_backend_is_no_longer_in_the_list() {
    let network = Network::of([1, 2]);
    let (answers, resolver) = told(&[1]);
    let channel = channel(&network, resolver);
    let (requests, receiver) = mpsc::channel(1);
    let mut client = EchoClient::new(channel.clone());
    let call = client.bidirectional_streaming_echo(ReceiverStream::new(receiver));
    let mut stream = call.await.expect("it is answered").into_inner();
    for update in [&[1][..], &[2], &[2, 1], &[2]] {
        answers.say(update);
        settle().await;
        requests.send(EchoRequest::default()).await.expect("the stream is open");
        let answer = stream.message().await.expect("no error").expect("it has not ended");
        assert_eq!(from(&answer.message), 1);
    }
    assert_eq!(echo(&channel).await.expect("it is answered"), 2);
    drop(requests);
    assert!(stream.message().await.expect("it ends well").is_none());
    drop(stream);
    settle().await;
    assert_eq!(network.connections(1), 0, "the connection is closed after its last call");
}

#[tokio::test(start_paused = true)]
async fn the_old_addresses_stay_when_the_resolver_fails() {
    let network = Network::of([1]);
    let (answers, resolver) = told(&[1]);
    let channel = channel(&network, resolver);
    echo(&channel).await.expect("it is answered");
    answers.fail("the name server is on fire");
    settle().await;
    echo(&channel).await.expect("it is answered");
    assert_eq!(network.attempts(1).len(), 1, "on the same connection");
}

#[tokio::test(start_paused = true)]
async fn before_there_are_addresses_calls_fail_with_the_resolvers_error() {
    let network = Network::default();
    let (answers, resolver) = told(&[]);
    answers.fail("the name server is on fire");
    let channel = channel(&network, resolver);
    let status = echo(&channel).await.expect_err("there is no address");
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), "the name server is on fire");
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_of_addresses_makes_calls_fail() {
    let network = Network::of([1]);
    let (answers, resolver) = told(&[1]);
    let channel = channel(&network, resolver);
    echo(&channel).await.expect("it is answered");
    answers.say(&[]);
    settle().await;
    let status = echo(&channel).await.expect_err("there is no address");
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), "the resolver has no addresses");
}

/// A DNS that answers with the first backend, and then fails `failures` times.
fn dns(interval: Duration, failures: usize) -> (Dns, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let lookup = move |_| {
        let number = count.fetch_add(1, SeqCst);
        let failing = (1..=failures).contains(&number);
        let answer = if failing { Err(io::Error::other("SERVFAIL")) } else { Ok(addrs(&[1])) };
        std::future::ready(answer).boxed()
    };
    (Dns::new(vec!["backends:50051".into()], interval, lookup), asked)
}

#[tokio::test(start_paused = true)]
async fn dns_is_asked_again_when_a_connection_is_lost() {
    let network = Network::of([1]);
    let (dns, asked) = dns(Duration::from_secs(30), 0);
    let channel = channel(&network, dns);
    echo(&channel).await.expect("it is answered");
    sleep(Duration::from_secs(3_600)).await;
    assert_eq!(asked.load(SeqCst), 1, "all is well");
    network.kill(1);
    settle().await;
    assert_eq!(asked.load(SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn dns_is_not_asked_more_often_than_the_interval() {
    let network = Network::default();
    let (dns, asked) = dns(Duration::from_secs(30), 0);
    // Each attempt to connect fails, and asks for a lookup.
    let _channel = channel(&network, dns);
    sleep(Duration::from_secs(15 * 60 - 1)).await;
    let asked = asked.load(SeqCst);
    assert!((5..=30).contains(&asked), "{asked} times in 15 min");
}

#[tokio::test(start_paused = true)]
async fn when_dns_fails_after_having_worked_the_old_addresses_stay() {
    let network = Network::of([1]);
    let (dns, asked) = dns(Duration::from_secs(30), usize::MAX - 1);
    let channel = channel(&network, dns);
    echo(&channel).await.expect("it is answered");
    sleep(Duration::from_secs(60)).await;
    network.kill(1);
    network.start(1);
    sleep(Duration::from_secs(60)).await;
    assert!(asked.load(SeqCst) > 1, "it was asked, and failed");
    echo(&channel).await.expect("it is answered");
}

#[tokio::test(start_paused = true)]
async fn dns_that_fails_is_asked_again_with_growing_delays() {
    let (mut dns, _) = dns(Duration::from_secs(30), 3);
    let again = Notify::new();
    dns.resolve(&again).await.expect("the first works");
    again.notify_one();
    let mut times = Vec::new();
    for _ in 0..3 {
        dns.resolve(&again).await.expect_err("it fails");
        times.push(Instant::now());
    }
    dns.resolve(&again).await.expect("it works again");
    times.push(Instant::now());
    let gaps = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64());
    for (gap, expected) in gaps.zip([1.0, 1.6, 2.56]) {
        assert!((gap / expected - 1.0).abs() < 0.21, "{gap} and not about {expected}");
    }
}

#[tokio::test(start_paused = true)]
async fn when_one_of_several_names_fails_the_others_do_until_all_have_been_found() {
    let failing = Arc::new(AtomicUsize::new(2));
    let failures = Arc::clone(&failing);
    let lookup = move |name: String| {
        let number = if name == "one:50051" { 1 } else { 2 };
        let fails = number == 2 && failures.load(SeqCst) > 0;
        let answer =
            if fails { Err(io::Error::other("SERVFAIL")) } else { Ok(addrs(&[number])) };
        std::future::ready(answer).boxed()
    };
    let names = vec!["one:50051".into(), "two:50051".into()];
    let mut dns = Dns::new(names, Duration::from_secs(30), lookup);
    let again = Notify::new();
    assert_eq!(dns.resolve(&again).await.expect("one is there"), addrs(&[1]));
    failing.store(0, SeqCst);
    assert_eq!(dns.resolve(&again).await.expect("both are there"), addrs(&[1, 2]));
    failing.store(1, SeqCst);
    again.notify_one();
    dns.resolve(&again).await.expect_err("the old ones are more, and stay");
    failing.store(0, SeqCst);
    assert_eq!(dns.resolve(&again).await.expect("both are there"), addrs(&[1, 2]));
}

#[tokio::test(start_paused = true)]
async fn an_interval_without_an_end_is_one() {
    let (mut dns, asked) = dns(Duration::MAX, 0);
    let again = Notify::new();
    dns.resolve(&again).await.expect("the first works");
    again.notify_one();
    let second =
        tokio::time::timeout(Duration::from_secs(1_000_000), dns.resolve(&again)).await;
    assert!(second.is_err());
    assert_eq!(asked.load(SeqCst), 1);
}

#[tokio::test]
async fn a_name_is_looked_up_in_the_systems_way() {
    let mut dns =
        Dns::new(vec!["127.0.0.1:1".into(), "[::1]:2".into()], Duration::ZERO, Dns::system);
    let addresses = dns.resolve(&Notify::new()).await.expect("these need no server");
    let expected: [SocketAddr; 2] =
        [([127, 0, 0, 1], 1).into(), ([0, 0, 0, 0, 0, 0, 0, 1], 2).into()];
    assert_eq!(addresses, expected);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_ipv4_addresses_is_a_target() {
    let network = Network::of([1, 2]);
    let target = format!("ipv4:{},{}", addr(1), addr(2));
    let builder = Channel::to(&target, &Names::new()).expect("it is a target");
    let channel = builder.policy(RoundRobin::default()).connector(connect(&network)).build();
    channel.connected().await;
    assert_eq!(echo(&channel).await.expect("it is answered"), 1);
    assert_eq!(echo(&channel).await.expect("it is answered"), 2);
}

#[test]
fn a_target_that_does_not_parse_is_refused_with_the_reason() {
    let names = Names::from([
        ("shop".to_owned(), vec!["127.0.0.1:1".to_owned()]),
        ("broken".to_owned(), vec!["127.0.0.1".to_owned()]),
    ]);
    for (target, reason) in [
        ("", "missing port"),
        ("localhost", "missing port"),
        ("dns:///localhost", "missing port"),
        ("dns:///two words:1", "neither a name nor"),
        ("dns://8.8.8.8/localhost:1", "not supported"),
        ("dns://localhost:1", "three slashes"),
        ("ipv4:", "\"\" is not an IPv4 address"),
        ("ipv4:127.0.0.1:1,localhost:1", "\"localhost:1\" is not an IPv4 address"),
        ("ipv4:[::1]:1", "not an IPv4 address"),
        ("example:///nowhere", "unknown name"),
        ("example:///broken", "missing port"),
        ("xds:///shop", "the scheme is none of dns, ipv4"),
        ("unix:/tmp/socket", "the scheme is none of dns, ipv4"),
    ] {
        let error = Channel::to(target, &names).err().expect(target).to_string();
        assert!(error.contains(reason), "{target}: {error}");
    }
    for target in ["localhost:1", "dns:localhost:1", "dns:///[::1]:1", "example:///shop"] {
        assert!(Channel::to(target, &names).is_ok(), "{target}");
    }
}

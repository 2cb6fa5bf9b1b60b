//! 2. Another scheme.

use std::future::pending;

use channel::{Channel, Names, RoundRobin};
use load_balancing::server::serve;
use proto::echo::{EchoRequest, echo_client::EchoClient};
use tokio::net::TcpListener;

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_lists_of_ipv6_addresses_are_targets() {
    for target in ["ipv6:[::1]:50051", "ipv6:[::1]:50051,[2001:db8::7]:50052"] {
        let error = Channel::to(target, &Names::new()).err();
        assert!(error.is_none(), "{target}: {error:?}");
    }
    for (target, reason) in [
        ("ipv6:", "IPv6"),
        ("ipv6:127.0.0.1:50051", "IPv6"),
        ("ipv6:[::1]", "IPv6"),
        ("ipv6:[localhost]:50051", "IPv6"),
        ("ipv6:[::1]:50051,127.0.0.1:50052", "\"127.0.0.1:50052\""),
        ("ipv6:[::1]:50051,", "IPv6"),
        ("ipv4:[::1]:50051", "IPv4"),
    ] {
        let error = Channel::to(target, &Names::new()).err().expect(target).to_string();
        let refused = error.contains("is not a target") && error.contains(reason);
        assert!(refused, "{target}: {error}");
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

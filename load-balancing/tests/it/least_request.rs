//! `least_request`, on a network in memory.

use std::future::ready;

use channel::{Channel, Names};
use load_balancing::least_request::LeastRequest;
use proto::echo::{EchoRequest, echo_client::EchoClient};
use testing::network::{Network, addr, settle, target};
use tokio_stream::StreamExt as _;

#[tokio::test(start_paused = true)]
async fn least_request_prefers_the_backend_with_fewer_calls_in_flight() {
    let network = Network::of([1, 2]);
    let wires = network.clone();
    let builder = Channel::to(&target(&[1, 2]), &Names::new()).expect("it is a target");
    let builder = builder.connector(move |to| ready(wires.connect(to)));
    let channel = builder.policy(LeastRequest).build();
    channel.connected().await;
    // Nine streams are open, and stay so.
    let mut streams = Vec::new();
    for _ in 0..9 {
        let requests =
            tokio_stream::once(EchoRequest::default()).chain(tokio_stream::pending());
        let mut client = EchoClient::new(channel.clone());
        let answers = client.bidirectional_streaming_echo(requests).await;
        let mut answers = answers.expect("it is answered").into_inner();
        let first = answers.message().await.expect("it is answered").expect("it has not ended");
        streams.push((from_first(&first.message), answers));
    }
    // Of two backends, both are looked at half of the time.
    let on_1 = streams.iter().filter(|(from_1, _)| *from_1).count();
    assert!((2..=7).contains(&on_1), "{on_1} of 9");

    // Those of one backend end; it gets three of four calls now.
    streams.retain(|(from_1, _)| !from_1);
    settle().await;
    let mut to_1 = 0;
    for _ in 0..400 {
        let answer = EchoClient::new(channel.clone()).unary_echo(EchoRequest::default()).await;
        to_1 += usize::from(from_first(&answer.expect("it is answered").into_inner().message));
    }
    assert!((260..=340).contains(&to_1), "{to_1} of 400");
}

/// Whether the first backend sent this answer.
fn from_first(message: &str) -> bool {
    message.ends_with(&format!("(from {})", addr(1)))
}

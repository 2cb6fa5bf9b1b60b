//! `round_robin` and `least_request`.

use std::collections::BTreeMap;

use channel::{Channel, Policy, RoundRobin};
use futures::future::join_all;
use load_balancing::least_request::LeastRequest;
use proto::echo::{EchoRequest, echo_client::EchoClient};
use tokio_stream::StreamExt as _;

use crate::network::{Network, echo, from, settle, told};

async fn channel(network: &Network, numbers: &[u8], policy: impl Policy) -> Channel {
    let (_, resolver) = told(numbers);
    let channel = Channel::over(resolver).policy(policy).connector(connect(&network)).build();
    channel.connected().await;
    channel
}

#[tokio::test(start_paused = true)]
async fn three_backends_get_100_of_300_calls_each_in_turn() {
    let network = of(1..=3);
    let channel = channel(&network, &[1, 2, 3], RoundRobin::default()).await;
    for _ in 0..100 {
        for number in 1..=3 {
            assert_eq!(echo(&channel).await.expect("it is answered"), number);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn sixty_four_callers_get_exact_turns_too() {
    let network = of(1..=3);
    let channel = channel(&network, &[1, 2, 3], RoundRobin::default()).await;
    let mut counts = BTreeMap::<u8, usize>::new();
    let callers = (0..64).map(|caller| {
        let channel = channel.clone();
        // 300 calls in all.
        let calls = if caller < 44 { 5 } else { 4 };
        async move {
            let mut numbers = Vec::new();
            for _ in 0..calls {
                numbers.push(echo(&channel).await.expect("it is answered"));
            }
            numbers
        }
    });
    for number in join_all(callers).await.into_iter().flatten() {
        *counts.entry(number).or_default() += 1;
    }
    assert_eq!(counts, BTreeMap::from([(1, 100), (2, 100), (3, 100)]));
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_is_refused_is_left_out_and_the_others_take_turns() {
    let network = of([1, 3]);
    let channel = channel(&network, &[1, 2, 3], RoundRobin::default()).await;
    for number in [1, 3, 1, 3] {
        assert_eq!(echo(&channel).await.expect("it is answered"), number);
    }
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_comes_back_gets_its_turn_again() {
    let network = of([1, 3]);
    let channel = channel(&network, &[1, 2, 3], RoundRobin::default()).await;
    start(&network, 2);
    // The first backoff is 1 s, give or take a fifth.
    tokio::time::sleep(std::time::Duration::from_millis(1_201)).await;
    let mut numbers = Vec::new();
    for _ in 0..3 {
        numbers.push(echo(&channel).await.expect("it is answered"));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_named_twice_gets_one_connection() {
    let network = of([1]);
    let channel = channel(&network, &[1, 1], RoundRobin::default()).await;
    echo(&channel).await.expect("it is answered");
    assert_eq!(network.attempts(1).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn least_request_turns_to_the_backend_that_has_fewer_calls_in_flight() {
    let network = of([1, 2]);
    let channel = channel(&network, &[1, 2], LeastRequest).await;
    // Nine streams are open, and stay so.
    let mut streams = Vec::new();
    for _ in 0..9 {
        let requests =
            tokio_stream::once(EchoRequest::default()).chain(tokio_stream::pending());
        let mut client = EchoClient::new(channel.clone());
        let answers = client.bidirectional_streaming_echo(requests).await;
        let mut answers = answers.expect("it is answered").into_inner();
        let first = answers.message().await.expect("it is answered").expect("it has not ended");
        streams.push((from(&first.message), answers));
    }
    // Of two backends, both are looked at half of the time.
    let on_1 = streams.iter().filter(|(number, _)| *number == 1).count();
    assert!((2..=7).contains(&on_1), "{on_1} of 9");

    // Those of one backend end; it gets three of four calls now.
    streams.retain(|(number, _)| *number == 2);
    settle().await;
    let mut to_1 = 0;
    for _ in 0..400 {
        to_1 += usize::from(echo(&channel).await.expect("it is answered") == 1);
    }
    assert!((260..=340).contains(&to_1), "{to_1} of 400");
}

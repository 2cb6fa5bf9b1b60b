//! `round_robin`.

use std::collections::BTreeMap;

use channel::{Channel, Policy, RoundRobin};
use futures::future::join_all;

use crate::network::{Network, connect, echo, told};

async fn channel(network: &Network, numbers: &[u8], policy: impl Policy) -> Channel {
    let (_, resolver) = told(numbers);
    let channel = Channel::over(resolver).policy(policy).connector(connect(network)).build();
    channel.connected().await;
    channel
}

#[tokio::test(start_paused = true)]
async fn three_backends_get_100_of_300_calls_each_in_turn() {
    let network = Network::of(1..=3);
    let channel = channel(&network, &[1, 2, 3], RoundRobin::default()).await;
    for _ in 0..100 {
        for number in 1..=3 {
            assert_eq!(echo(&channel).await.expect("it is answered"), number);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn sixty_four_callers_get_exact_turns_too() {
    let network = Network::of(1..=3);
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
    let network = Network::of([1, 3]);
    let channel = channel(&network, &[1, 2, 3], RoundRobin::default()).await;
    for number in [1, 3, 1, 3] {
        assert_eq!(echo(&channel).await.expect("it is answered"), number);
    }
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_comes_back_gets_its_turn_again() {
    let network = Network::of([1, 3]);
    let channel = channel(&network, &[1, 2, 3], RoundRobin::default()).await;
    network.start(2);
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
    let network = Network::of([1]);
    let channel = channel(&network, &[1, 1], RoundRobin::default()).await;
    echo(&channel).await.expect("it is answered");
    assert_eq!(network.attempts(1).len(), 1);
}

//! `pick_first`.

use channel::Channel;

use crate::network::{Network, Told, connect, echo, settle, told};

fn channel(network: &Network, resolver: Told) -> Channel {
    Channel::over(resolver).connector(connect(network)).build()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_connected_before_the_first_call() {
    let network = Network::of([1]);
    let channel = channel(&network, told(&[1]).1);
    settle().await;
    assert_eq!(network.attempts(1), []);
    echo(&channel).await.expect("it is answered");
    assert_eq!(network.attempts(1).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_first_address_that_answers_gets_all_calls() {
    let network = Network::of([2, 3]);
    let channel = channel(&network, told(&[1, 2, 3]).1);
    for _ in 0..10 {
        assert_eq!(echo(&channel).await.expect("it is answered"), 2);
    }
    assert_eq!(network.attempts(3), [], "one is enough");
}

#[tokio::test(start_paused = true)]
async fn it_stays_with_its_backend_when_an_earlier_one_comes_back() {
    let network = Network::of([2]);
    let channel = channel(&network, told(&[1, 2]).1);
    assert_eq!(echo(&channel).await.expect("it is answered"), 2);
    network.start(1);
    tokio::time::sleep(std::time::Duration::from_secs(600)).await;
    assert_eq!(echo(&channel).await.expect("it is answered"), 2);
    assert_eq!(network.attempts(1).len(), 1, "it is not tried again");
}

#[tokio::test(start_paused = true)]
async fn it_falls_over_to_the_next_when_its_backend_is_lost() {
    let network = Network::of([1, 2]);
    let channel = channel(&network, told(&[1, 2]).1);
    assert_eq!(echo(&channel).await.expect("it is answered"), 1);
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    network.kill(1);
    settle().await;
    assert_eq!(echo(&channel).await.expect("it is answered"), 2);
}

#[tokio::test(start_paused = true)]
async fn it_stays_with_its_backend_when_the_list_changes_around_it() {
    let network = Network::of([1, 2, 3]);
    let (answers, resolver) = told(&[2, 3]);
    let channel = channel(&network, resolver);
    assert_eq!(echo(&channel).await.expect("it is answered"), 2);
    answers.say(&[1, 3, 2]);
    settle().await;
    assert_eq!(echo(&channel).await.expect("it is answered"), 2);
    answers.say(&[1, 3]);
    settle().await;
    assert_eq!(echo(&channel).await.expect("it is answered"), 1, "its own is gone");
}

#[tokio::test(start_paused = true)]
async fn it_starts_over_from_the_first_address() {
    let network = Network::of([2]);
    let channel = channel(&network, told(&[1, 2]).1);
    assert_eq!(echo(&channel).await.expect("it is answered"), 2);
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    network.start(1);
    network.kill(2);
    settle().await;
    assert_eq!(echo(&channel).await.expect("it is answered"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_next_address_is_tried_after_250_ms_and_the_slow_attempts_are_cancelled() {
    let network = Network::of([3]);
    let (_held, _stop) = network.listen(1);
    let (_held, _stop) = network.listen(2);
    let channel = channel(&network, told(&[1, 2, 3]).1);
    let start = tokio::time::Instant::now();
    assert_eq!(echo(&channel).await.expect("it is answered"), 3);
    assert_eq!(start.elapsed().as_millis(), 500, "250 ms for each that hangs");
    settle().await;
    assert_eq!([network.connections(1), network.connections(2)], [0, 0], "they are cancelled");
}

#[tokio::test(start_paused = true)]
async fn an_address_that_fails_is_passed_over_at_once() {
    let network = Network::of([2]);
    let channel = channel(&network, told(&[1, 2]).1);
    let start = tokio::time::Instant::now();
    assert_eq!(echo(&channel).await.expect("it is answered"), 2);
    assert_eq!(start.elapsed().as_millis(), 0);
}

#[tokio::test(start_paused = true)]
async fn when_all_addresses_hang_calls_wait_for_the_connect_timeout_and_then_fail() {
    let network = Network::default();
    let (_held, _stop) = network.listen(1);
    let (_held, _stop) = network.listen(2);
    let channel = channel(&network, told(&[1, 2]).1);
    let start = tokio::time::Instant::now();
    let status = echo(&channel).await.expect_err("no backend answers");
    assert!(status.message().contains("no HTTP/2 handshake within 20s"), "{status:?}");
    assert_eq!(start.elapsed().as_millis(), 20_250);
}

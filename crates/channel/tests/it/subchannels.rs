//! How a subchannel connects, fails, and tries again.

use std::time::Duration;

use channel::{Backoff, Channel, RoundRobin};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep};
use tonic::Code;

use crate::network::{Network, connect, echo, settle, told};

const SECOND: Duration = Duration::from_secs(1);

fn channel(network: &Network, numbers: &[u8], backoff: Backoff) -> Channel {
    Channel::over(told(numbers).1)
        .policy(RoundRobin::default())
        .backoff(backoff)
        .connector(connect(network))
        .build()
}

fn without_jitter() -> Backoff {
    Backoff { jitter: 0.0, ..Backoff::default() }
}

/// The times between attempts, in seconds.
fn gaps(attempts: &[Instant]) -> Vec<f64> {
    attempts.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect()
}

#[tokio::test(start_paused = true)]
async fn attempts_are_1_6_times_as_far_apart_each_time_up_to_120_s() {
    let network = Network::default();
    let _channel = channel(&network, &[1], without_jitter());
    sleep(Duration::from_secs(1_000)).await;
    let gaps = gaps(&network.attempts(1));
    let mut expected = 1.0_f64;
    for gap in &gaps {
        assert!((gap - expected.min(120.0)).abs() < 0.01, "{gaps:?}");
        expected *= 1.6;
    }
    assert_eq!(gaps.len(), 16, "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn chance_moves_an_attempt_by_a_fifth_at_most() {
    let network = Network::default();
    let numbers = (1..=100).collect::<Vec<u8>>();
    let backoff = Backoff { factor: 1.0, ..Backoff::default() };
    let _channel = channel(&network, &numbers, backoff);
    sleep(10 * SECOND).await;
    let gaps = numbers.iter().flat_map(|number| gaps(&network.attempts(*number)));
    let gaps = gaps.collect::<Vec<_>>();
    // The clock of tokio counts milliseconds.
    assert!(gaps.iter().all(|gap| (0.8..=1.202).contains(gap)), "{gaps:?}");
    assert!(gaps.iter().any(|gap| *gap < 0.9), "{gaps:?}");
    assert!(gaps.iter().any(|gap| *gap > 1.1), "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_never_answers_the_handshake_is_given_up_after_20_s() {
    let network = Network::default();
    let (_held, _stop) = network.listen(1);
    let channel = channel(&network, &[1], without_jitter());
    let start = Instant::now();
    let status = echo(&channel).await.expect_err("no backend answers");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().ends_with("10.0.0.1:50051: no HTTP/2 handshake within 20s"));
    assert_eq!(start.elapsed().as_secs(), 20);
    sleep(SECOND).await;
    assert_eq!(network.attempts(1).len(), 2, "it has waited long enough for the next attempt");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_speak_http2_is_reported() {
    let network = Network::default();
    let (mut incoming, _stop) = network.listen(1);
    tokio::spawn(async move {
        let mut stream = incoming.recv().await.expect("it connects");
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        std::future::pending::<()>().await;
    });
    let channel = channel(&network, &[1], without_jitter());
    let status = echo(&channel).await.expect_err("no backend answers");
    assert!(status.message().ends_with("the server does not speak HTTP/2"), "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_up_after_the_handshake_is_not_asked_again_at_once() {
    let network = Network::default();
    let (mut incoming, _stop) = network.listen(1);
    tokio::spawn(async move {
        while let Some(mut stream) = incoming.recv().await {
            // An empty SETTINGS frame, and no more.
            let _ = stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await;
        }
    });
    let _channel = channel(&network, &[1], without_jitter());
    sleep(10 * SECOND).await;
    let gaps = gaps(&network.attempts(1));
    assert_eq!(gaps.len(), 4, "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_connection_that_lasted_the_first_delay_is_the_shortest_again() {
    let network = Network::default();
    let channel = channel(&network, &[1], without_jitter());
    sleep(60 * SECOND).await;
    network.start(1);
    sleep(60 * SECOND).await;
    echo(&channel).await.expect("it is back");
    network.kill(1);
    settle().await;
    let before = network.attempts(1).len();
    sleep(10 * SECOND).await;
    let gaps = gaps(&network.attempts(1)[before - 1..]);
    assert!((gaps[0] - 1.0).abs() < 0.01, "{gaps:?}");
}

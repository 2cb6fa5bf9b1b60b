//! 3. A smaller limit.

use std::time::Duration;

use multiplexing::client;
use tokio::time::timeout;
use tonic::transport::Server;

use crate::memory::{connect, our_endpoint, start};

/// Makes the client's calls to a server that allows `limit` calls at the same time.
async fn call_with(limit: u32) {
    let network = start(Server::builder().max_concurrent_streams(limit));
    let channel = connect(&network, our_endpoint()).await;
    let calls = timeout(Duration::from_secs(30), client::call(channel)).await;
    assert!(calls.is_ok(), "with a limit of {limit} calls, the client must not hang");
    calls.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
#[ignore = "an exercise"]
async fn exercise_3_the_client_does_not_hang_with_a_smaller_limit() {
    for limit in [1_000, 200, 100, 10] {
        call_with(limit).await;
    }
}

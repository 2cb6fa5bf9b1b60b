//! 3. Project: a stream that waits.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use tonic::Code;

use crate::{next, order, orders, put, start};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_watch_order_sends_an_order_each_time_it_changes() {
    let channel = start().await;
    let unknown = match orders(&channel, "watchOrder", "999").await {
        Ok(mut stream) => stream.message().await.map(|_| ()),
        Err(status) => Err(status),
    };
    let code = unknown.map_err(|status| status.code());
    assert_eq!(code, Err(Code::NotFound), "an unknown id must be NOT_FOUND");
    let mut watched = orders(&channel, "watchOrder", "102").await.expect("order 102 exists");
    let current = next(&mut watched).await.map(|order| order.destination);
    assert_eq!(current.as_deref(), Some("Mountain View, CA"), "send the current order first");
    put(&channel, order("103", "another order")).await;
    let other = timeout(Duration::from_millis(200), watched.message()).await;
    assert!(other.is_err(), "watchOrder must not send anything when another order changes");
    put(&channel, order("102", "Seoul")).await;
    let changed = next(&mut watched).await.map(|order| order.destination);
    assert_eq!(changed.as_deref(), Some("Seoul"), "send the order again when it is replaced");
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    // The client cancels.
    drop(watched);
    let fewer = async {
        while tasks() >= before {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(5), fewer)
        .await
        .expect("a task of a cancelled call still runs");
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_a_slow_client_of_watch_order_gets_the_last_state() {
    let channel = start().await;
    let mut watched = orders(&channel, "watchOrder", "102").await.expect("order 102 exists");
    next(&mut watched).await.expect("the current order comes first");
    // Flow control stops the stream after some of these changes, because the client does not read.
    for number in 0..200 {
        let destination = format!("{}town {number}", " ".repeat(100_000));
        put(&channel, order("102", &destination)).await;
    }
    let mut seen = 0;
    while !next(&mut watched).await.expect("the stream ends").destination.ends_with("town 199")
    {
        seen += 1;
    }
    assert!(seen < 50, "the server must not keep intermediate states: the client got {seen}");
}

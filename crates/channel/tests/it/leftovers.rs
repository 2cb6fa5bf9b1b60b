//! When a channel is dropped, nothing of it is left behind.

use channel::{Channel, RoundRobin};
use proto::echo::{EchoRequest, echo_client::EchoClient};
use tokio::runtime::Handle;
use tokio_stream::StreamExt as _;

use crate::network::{Network, connect, echo, settle, told};

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn no_task_and_no_connection_is_left_when_a_channel_is_dropped() {
    let network = Network::of([1, 2]);
    // One that hangs, and one that is not there.
    let (_held, _stop) = network.listen(3);
    settle().await;
    let before = tasks();
    let (_answers, resolver) = told(&[1, 2, 3, 4]);
    let channel = Channel::over(resolver)
        .policy(RoundRobin::default())
        .connector(connect(&network))
        .build();
    for _ in 0..10 {
        echo(&channel).await.expect("it is answered");
    }
    assert!(tasks() > before + 4, "a task for each subchannel, and more");
    drop(channel);
    settle().await;
    assert_eq!(tasks(), before);
    for number in 1..=4 {
        assert_eq!(network.connections(number), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_goes_on_when_the_channel_is_dropped_and_leaves_nothing_behind_either() {
    let network = Network::of([1]);
    settle().await;
    let before = tasks();
    let channel = Channel::over(told(&[1]).1).connector(connect(&network)).build();
    let requests = tokio_stream::iter(vec![EchoRequest::default(); 3]);
    let (half_close, closed) = tokio::sync::oneshot::channel::<()>();
    let requests = requests.chain(futures::stream::once(async {
        let _ = closed.await;
        EchoRequest::default()
    }));
    let mut client = EchoClient::new(channel.clone());
    let mut answers = client
        .bidirectional_streaming_echo(requests)
        .await
        .expect("it is answered")
        .into_inner();
    drop((client, channel));
    settle().await;
    for _ in 0..3 {
        answers.message().await.expect("no error").expect("it has not ended");
    }
    drop(half_close);
    answers.message().await.expect("no error").expect("the last");
    assert!(answers.message().await.expect("it ends well").is_none());
    drop(answers);
    settle().await;
    assert_eq!((tasks(), network.connections(1)), (before, 0));
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_was_never_used_leaves_nothing_behind() {
    let network = Network::of([1]);
    settle().await;
    let before = tasks();
    let channel = Channel::over(told(&[1]).1).connector(connect(&network)).build();
    settle().await;
    drop(channel);
    settle().await;
    assert_eq!(tasks(), before);
}

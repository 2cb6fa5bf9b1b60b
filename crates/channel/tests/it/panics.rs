//! Panics in the tasks of a channel.

use std::sync::Arc;

use channel::{Channel, Picker, Policy, RoundRobin, Subchannel};
use tonic::Code;

use crate::network::{Network, connect, echo, settle, told};

/// Works until the state of a subchannel changes for the second time.
struct Broken(RoundRobin, usize);

impl Policy for Broken {
    fn update(&mut self, subchannels: &[Arc<Subchannel>]) -> Picker {
        self.1 += 1;
        assert!(self.1 < 4, "a bug in this policy");
        self.0.update(subchannels)
    }
}

#[tokio::test(start_paused = true)]
async fn calls_fail_when_a_policy_has_panicked() {
    let network = Network::of([1]);
    let (answers, resolver) = told(&[1]);
    let channel = Channel::over(resolver).policy(Broken(RoundRobin::default(), 0));
    let channel = channel.connector(connect(&network)).build();
    assert_eq!(echo(&channel).await.expect("it works so far"), 1);
    answers.say(&[1]);
    settle().await;
    answers.say(&[1]);
    settle().await;
    let status = echo(&channel).await.expect_err("the policy has panicked");
    assert_eq!(status.code(), Code::Internal, "{status:?}");
    // Not a call that waits for ever, either.
    channel.connected().await;
}

#[tokio::test(start_paused = true)]
async fn calls_fail_when_the_task_of_a_subchannel_has_panicked() {
    let panics = |_| async { panic!("a bug in this connector") };
    let connector = move |addr| {
        let stream: std::pin::Pin<
            Box<dyn Future<Output = std::io::Result<tokio::io::DuplexStream>> + Send>,
        > = Box::pin(panics(addr));
        stream
    };
    let channel = Channel::over(told(&[1]).1).connector(connector).build();
    let status = echo(&channel).await.expect_err("the connector has panicked");
    assert_eq!(status.code(), Code::Internal, "{status:?}");
}

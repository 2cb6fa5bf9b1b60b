//! 1. Another code.

use std::sync::atomic::Ordering::SeqCst;

use channel::{Channel, Names};
use proto::echo::{EchoRequest, echo_client::EchoClient};
use retries::{
    client::UNARY_ECHO,
    retries::{Retries, RetryPolicy},
};
use testing::Process;

use crate::backend::Backend;

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_resource_exhausted_is_repeated_too() {
    for (status, name, repeated) in
        [(14, "UNAVAILABLE", true), (8, "RESOURCE_EXHAUSTED", true), (5, "NOT_FOUND", false)]
    {
        let backend = Backend::start().await;
        backend.status.store(status, SeqCst);
        backend.ok_at.store(3, SeqCst);
        let args = ["client", "--addr", &backend.addr, "--calls", "1"];
        let ended = Process::start(env!("CARGO_BIN_EXE_retries"), &args).end().await;
        let expected = if repeated { 3 } else { 1 };
        let attempts = backend.attempts.load(SeqCst);
        assert_eq!(attempts, expected, "{name} must be repeated: {repeated}. {ended:?}");
        assert_eq!(ended.status == Some(0), repeated, "{name}: {ended:?}");
    }

    let backend = Backend::start().await;
    backend.status.store(8, SeqCst);
    let channel = Channel::to(&format!("ipv4:{}", backend.addr), &Names::new());
    let channel = channel.expect("it is a target").build();
    let retries = Retries::new(channel).unary(UNARY_ECHO, RetryPolicy::default());
    let _ = EchoClient::new(retries).unary_echo(EchoRequest::default()).await;
    let attempts = backend.attempts.load(SeqCst);
    assert_eq!(
        attempts, 1,
        "a policy without RESOURCE_EXHAUSTED in its list must not repeat it"
    );
}

//! The retry policy: which calls are repeated, when and how often.

use std::time::Duration;

use futures::stream;
use tokio::time::Instant;
use tokio_stream::StreamExt as _;
use tonic::{Code, Request, Status};

use crate::scripted::{Scripted, say, stub};

fn unavailable() -> Status {
    Status::unavailable("not now")
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ends_with_unavailable_is_repeated_after_the_backoff() {
    let backend = Scripted::failing(vec![unavailable(), unavailable()]);
    let (mut stub, _network) = stub(&[&backend], 4).await;
    let start = Instant::now();
    stub.unary_echo(say("hi")).await.expect("the third attempt is answered");
    assert_eq!(backend.calls(), 3);
    // 100 ms and 160 ms.
    assert!((260..265).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_attempts_are_numbered_for_the_backend() {
    let backend = Scripted::failing(vec![unavailable(), unavailable()]);
    let (mut stub, _network) = stub(&[&backend], 4).await;
    stub.unary_echo(say("hi")).await.expect("the third attempt is answered");
    let numbers = backend
        .calls
        .lock()
        .unwrap()
        .iter()
        .map(|metadata| {
            metadata.get("grpc-previous-rpc-attempts").map(|n| n.to_str().unwrap().to_owned())
        })
        .collect::<Vec<_>>();
    assert_eq!(numbers, [None, Some("1".into()), Some("2".into())]);
}

#[tokio::test(start_paused = true)]
async fn another_status_is_final() {
    let backend = Scripted::failing(vec![Status::internal("broken")]);
    let (mut stub, _network) = stub(&[&backend], 4).await;
    let status = stub.unary_echo(say("hi")).await.expect_err("it is broken");
    assert_eq!((status.code(), backend.calls()), (Code::Internal, 1));
}

#[tokio::test(start_paused = true)]
async fn a_method_without_a_policy_has_one_attempt() {
    let backend = Scripted::failing(vec![unavailable()]);
    let (mut stub, _network) = stub(&[&backend], 4).await;
    let status = stub.server_streaming_echo(say("hi")).await.expect_err("it is not there");
    assert_eq!((status.code(), backend.calls()), (Code::Unavailable, 1));
}

#[tokio::test(start_paused = true)]
async fn there_are_no_more_attempts_than_the_policy_says_and_never_more_than_5() {
    for (max_attempts, expected) in [(0, 1), (1, 1), (2, 2), (5, 5), (100, 5)] {
        let backend = Scripted::failing(vec![unavailable(); 200]);
        let (mut stub, _network) = stub(&[&backend], max_attempts).await;
        stub.unary_echo(say("hi")).await.expect_err("it is not there");
        assert_eq!(backend.calls(), expected, "{max_attempts}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_attempt_is_made_past_the_deadline() {
    let backend = Scripted::failing(vec![unavailable(); 10]);
    let (mut stub, _network) = stub(&[&backend], 5).await;
    let mut request = Request::new(say("hi"));
    request.set_timeout(Duration::from_millis(300));
    let start = Instant::now();
    let status = stub.unary_echo(request).await.expect_err("it is not there");
    assert_eq!(status.code(), Code::Unavailable);
    // After 100 ms and 160 ms; the next would be 256 ms later.
    assert_eq!(backend.calls(), 3);
    assert!(start.elapsed() < Duration::from_millis(300));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_carries_what_is_left_of_the_time() {
    let backend = Scripted::failing(vec![unavailable()]);
    let (mut stub, _network) = stub(&[&backend], 5).await;
    let mut request = Request::new(say("hi"));
    request.set_timeout(Duration::from_secs(1));
    stub.unary_echo(request).await.expect("the second attempt is answered");
    let timeouts = backend
        .calls
        .lock()
        .unwrap()
        .iter()
        .map(|metadata| {
            let timeout = metadata.get("grpc-timeout").expect("it has one").to_str().unwrap();
            timeout.strip_suffix('u').expect("in microseconds").parse::<u32>().unwrap() / 10_000
        })
        .collect::<Vec<_>>();
    // In hundredths of a second; the clock of tokio counts milliseconds.
    assert!(matches!(timeouts[..], [100, 89 | 90]), "{timeouts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_backend_can_ask_for_a_later_attempt() {
    let mut later = unavailable();
    later.metadata_mut().insert("grpc-retry-pushback-ms", "5000".parse().unwrap());
    let backend = Scripted::failing(vec![later]);
    let (mut stub, _network) = stub(&[&backend], 4).await;
    let start = Instant::now();
    stub.unary_echo(say("hi")).await.expect("the second attempt is answered");
    assert_eq!(start.elapsed().as_millis() / 10, 500);
}

#[tokio::test(start_paused = true)]
async fn a_backend_can_ask_for_no_other_attempt() {
    for value in ["-1", "soon"] {
        let mut never = unavailable();
        never.metadata_mut().insert("grpc-retry-pushback-ms", value.parse().unwrap());
        let backend = Scripted::failing(vec![never]);
        let (mut stub, _network) = stub(&[&backend], 4).await;
        stub.unary_echo(say("hi")).await.expect_err("it is not there");
        assert_eq!(backend.calls(), 1, "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_too_long_to_be_kept_has_one_attempt() {
    for (length, expected) in [(200_000, 2), (300_000, 1)] {
        let backend = Scripted::failing(vec![unavailable()]);
        let (mut stub, _network) = stub(&[&backend], 4).await;
        let _ = stub.unary_echo(say(&"x".repeat(length))).await;
        assert_eq!(backend.calls(), expected, "{length} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_messages_are_ready_is_repeated() {
    let backend = Scripted::failing(vec![unavailable(), unavailable()]);
    let (mut stub, _network) = stub(&[&backend], 4).await;
    let messages = tokio_stream::iter([say("a"), say(" b"), say(" c")]);
    let answer = stub.client_streaming_echo(messages).await.expect("the third is answered");
    assert_eq!(answer.into_inner().message, "a b c");
    assert_eq!(backend.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_messages_come_later_arrives_whole_and_has_one_attempt() {
    for (failures, attempts) in [(vec![], 1), (vec![unavailable()], 1)] {
        let backend = Scripted::failing(failures.clone());
        let (mut stub, _network) = stub(&[&backend], 4).await;
        let rest = stream::once(async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            say(" c")
        });
        let messages = tokio_stream::iter([say("a"), say(" b")]).chain(rest);
        let answer = stub.client_streaming_echo(messages).await;
        if failures.is_empty() {
            assert_eq!(answer.expect("an answer").into_inner().message, "a b c");
        } else {
            assert_eq!(answer.expect_err("it failed").code(), Code::Unavailable);
        }
        assert_eq!(backend.calls(), attempts);
    }
}

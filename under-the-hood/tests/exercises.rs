//! The exercises of the README. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p under-the-hood --test exercises -- --ignored exercise_1
//! ```

use proto::ecommerce::{ProductId, product_info_client::ProductInfoClient};
use testing::Process;
use tonic::{Code, transport::Endpoint};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use under_the_hood::{
    encode::{Encoder, zigzag},
    frames::PREFACE,
    framing::frame,
    raw,
    watch::{Line, Side, View, Watcher},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_under-the-hood");

#[test]
#[ignore = "an exercise"]
fn exercise_1_a_number_is_shown_as_what_it_may_have_been() {
    let shown = |number| {
        let mut message = Encoder::default();
        message.number(2, "number", number);
        raw::lines(&message.bytes()).expect("it is a message").join("\n")
    };
    assert_eq!(shown(149), "2: 149 (in zigzag -75)");
    assert_eq!(shown(1), "2: 1 (in zigzag -1)");
    assert_eq!(shown(zigzag(i64::MIN)), format!("2: {} (in zigzag {})", u64::MAX, i64::MIN));
    assert_eq!(shown(150), "2: 150");
    assert_eq!(shown(0), "2: 0");
    let mut inner = Encoder::default();
    inner.number(1, "inner", 3);
    let mut message = Encoder::default();
    message.message(1, "message", inner);
    let lines = raw::lines(&message.bytes()).expect("it is a message");
    assert_eq!(lines, ["1 {", "  1: 3 (in zigzag -2)", "}"]);
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_the_server_by_hand_says_that_it_is_serving() {
    let args = ["server", "--by-hand", "--addr", "127.0.0.1:0"];
    let mut server = Process::start(PROGRAM, &args);
    let addr = server.addr().await;
    let endpoint = Endpoint::from_shared(format!("http://{addr}")).expect("it is a URI");
    let channel = endpoint.connect().await.expect("it listens");
    let mut client = HealthClient::new(channel.clone());
    for service in ["", "ecommerce.ProductInfo"] {
        let request = HealthCheckRequest { service: service.into() };
        let answer = client.check(request).await.expect("it is answered").into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving);
    }
    let watch = client.watch(HealthCheckRequest::default()).await;
    let status = watch.map(drop).expect_err("that is another method");
    assert_eq!(status.code(), Code::Unimplemented);
    let mut products = ProductInfoClient::new(channel);
    let id = ProductId { value: "watch".into() };
    products.get_product(id).await.expect("it is there as before");
}

/// A frame of HTTP/2.
fn http2_frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("it is short");
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// A header block: `content-type: application/grpc`, or `grpc-status: 0`, without any reference.
fn block(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| {
        let length = u8::try_from(text.len()).expect("it is short");
        [&[length], text.as_bytes()].concat()
    };
    [vec![0], text(name), text(value)].concat()
}

#[test]
#[ignore = "an exercise"]
fn exercise_3_the_messages_of_a_call_are_counted() {
    let message = frame(b"\x0a\x02hi").expect("it is short");
    let headers = block("content-type", "application/grpc");
    let trailers = block("grpc-status", "0");
    let two = [message.clone(), message.clone()].concat();
    let mut watcher = Watcher::new(View::Frames);
    let mut said = Vec::<Line>::new();
    let mut see = |side, bytes: Vec<u8>| said.extend(watcher.see(side, &bytes));
    see(Side::Client, PREFACE.to_vec());
    // Two calls at the same time: one with a message each way, one with one and three.
    for stream in [1, 3] {
        see(Side::Client, http2_frame(1, 4, stream, &headers));
        see(Side::Client, http2_frame(0, 1, stream, &message));
        see(Side::Server, http2_frame(1, 4, stream, &headers));
    }
    see(Side::Server, http2_frame(0, 0, 3, &two));
    see(Side::Server, http2_frame(0, 0, 1, &message));
    see(Side::Server, http2_frame(1, 5, 1, &trailers));
    see(Side::Server, http2_frame(0, 0, 3, &message));
    see(Side::Server, http2_frame(1, 5, 3, &trailers));
    // A call that is refused, without a message of the server's.
    see(Side::Client, http2_frame(1, 5, 5, &headers));
    see(Side::Server, http2_frame(1, 5, 5, &headers));

    let ends = said.iter().enumerate().filter(|(_, line)| line.text.contains("call ended"));
    let ends = ends.collect::<Vec<_>>();
    let texts = ends.iter().map(|(_, line)| (line.side, line.stream, line.text.as_str()));
    assert_eq!(
        texts.collect::<Vec<_>>(),
        [
            (Side::Server, 1, "  call ended: 1 message from the client, 1 from the server"),
            (Side::Server, 3, "  call ended: 1 message from the client, 3 from the server"),
            (Side::Server, 5, "  call ended: 0 messages from the client, 0 from the server"),
        ]
    );
    for (at, _) in ends {
        let before = &said[at - 1].text;
        assert!(before.contains("grpc-status") || before.contains("content-type"), "{before}");
    }
}

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
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.expect("it is open");
    let path = http::uri::PathAndQuery::from_static("/no.such.Service/Check");
    let codec = tonic_prost::ProstCodec::<HealthCheckRequest, HealthCheckRequest>::default();
    let request = tonic::Request::new(HealthCheckRequest::default());
    let status = grpc.unary(request, path, codec).await.expect_err("that is another service");
    assert_eq!(status.code(), Code::Unimplemented);
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

/// A header block of one header, without any reference.
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
    // `:method: POST`, and the content-type.
    let headers = [b"\x83", &*block("content-type", "application/grpc")].concat();
    let trailers = block("grpc-status", "0");
    let two = [message.clone(), message.clone()].concat();
    let mut watcher = Watcher::new(View::Frames);
    let mut said = Vec::<Line>::new();
    let mut see = |side, bytes: Vec<u8>| said.extend(watcher.see(side, &bytes));
    see(Side::Client, PREFACE.to_vec());
    let html = [b"\x83", &*block("content-type", "text/html")].concat();
    // Two calls at the same time.
    for stream in [1, 3] {
        see(Side::Client, http2_frame(1, 4, stream, &headers));
        see(Side::Client, http2_frame(0, 0, stream, &message));
        see(Side::Server, http2_frame(1, 4, stream, &headers));
    }
    see(Side::Client, http2_frame(0, 1, 1, &[]));
    see(Side::Client, http2_frame(0, 1, 3, &message));
    see(Side::Server, http2_frame(0, 0, 3, &two));
    see(Side::Server, http2_frame(0, 0, 1, &message));
    see(Side::Server, http2_frame(1, 5, 1, &trailers));
    // A message in two frames, and a compressed one.
    see(Side::Server, http2_frame(0, 0, 3, &message[..3]));
    see(Side::Server, http2_frame(0, 0, 3, &message[3..]));
    see(Side::Server, http2_frame(0, 0, 3, b"\x01\0\0\0\x01x"));
    see(Side::Server, http2_frame(1, 5, 3, &trailers));
    // A call that is refused, without a message of the server's, and what is no call.
    see(Side::Client, http2_frame(1, 5, 5, &headers));
    see(Side::Server, http2_frame(1, 5, 5, &headers));
    see(Side::Client, http2_frame(1, 5, 7, &html));
    see(Side::Server, http2_frame(1, 5, 7, &html));
    // A call whose server forgets the trailers.
    see(Side::Client, http2_frame(1, 5, 9, &headers));
    see(Side::Server, http2_frame(1, 4, 9, &headers));
    see(Side::Server, http2_frame(0, 1, 9, &message));

    let ends = said.iter().filter(|line| line.text.contains("has ended"));
    let ends = ends.map(|line| (line.side, line.stream, line.text.as_str()));
    assert_eq!(
        ends.collect::<Vec<_>>(),
        [
            (
                Side::Server,
                0,
                "stream 1 has ended: messages from the client 1, from the server 1"
            ),
            (
                Side::Server,
                0,
                "stream 3 has ended: messages from the client 2, from the server 4"
            ),
            (
                Side::Server,
                0,
                "stream 5 has ended: messages from the client 0, from the server 0"
            ),
            (
                Side::Server,
                0,
                "stream 9 has ended: messages from the client 0, from the server 1"
            ),
        ]
    );
    let at = |text: &str| said.iter().position(|line| line.text.starts_with(text));
    let (told, next) = (at("stream 1 has"), at("DATA          stream 3 length 3"));
    assert!(told < next, "it is told at once");
}

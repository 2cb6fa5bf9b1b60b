//! What is told of a connection: everything, or plainly that it is not.

use std::{
    future::ready,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use h2::server::SendResponse;
use proptest::prelude::*;
use tokio::io::duplex;
use tokio_util::io::{InspectReader, InspectWriter};
use under_the_hood::{
    call::call,
    frames::PREFACE,
    framing::frame,
    watch::{Line, Side, View, Watcher},
};

type Pieces = Vec<(Side, Vec<u8>)>;

/// Reads the request, and refuses it, or answers with two messages.
async fn answer(request: http::Request<h2::RecvStream>, mut respond: SendResponse<Bytes>) {
    let (request, mut body) = request.into_parts();
    while body.data().await.is_some() {}
    let head = http::Response::builder().header("content-type", "application/grpc");
    if request.uri.path() == "/refused" {
        let head = head.header("grpc-status", "5").body(()).expect("it is a response");
        respond.send_response(head, true).expect("the stream is open");
        return;
    }
    let head = head.body(()).expect("it is a response");
    let mut body = respond.send_response(head, false).expect("the stream is open");
    let message = frame(b"\x0a\x02hi").expect("it is short");
    // The second message comes in two frames.
    let both = [message.clone(), message].concat();
    for part in [&both[..12], &both[12..]] {
        body.send_data(Bytes::copy_from_slice(part), false).expect("the stream is open");
    }
    let trailers = [("grpc-status", "0")]
        .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")));
    body.send_trailers(trailers.into_iter().collect()).expect("the stream is open");
}

/// What goes by while two calls are made on a connection, one of them refused.
async fn recorded() -> Pieces {
    let pieces = Arc::new(Mutex::new(Pieces::new()));
    let (ours, theirs) = duplex(64 * 1024);
    tokio::spawn(async {
        let mut connection = h2::server::handshake(theirs).await.expect("it speaks HTTP/2");
        while let Some(Ok((request, respond))) = connection.accept().await {
            tokio::spawn(answer(request, respond));
        }
    });
    let see = |side| {
        let pieces = Arc::clone(&pieces);
        move |bytes: &[u8]| pieces.lock().unwrap().push((side, bytes.to_vec()))
    };
    let ours =
        InspectWriter::new(InspectReader::new(ours, see(Side::Server)), see(Side::Client));
    let (requests, connection) = h2::client::handshake(ours).await.expect("it speaks HTTP/2");
    tokio::spawn(connection);
    let patience = std::time::Duration::from_secs(60);
    let mut good = call(&requests, "x", "/good", b"\x0a\x02yo", patience, ready(()))
        .await
        .expect("headers");
    while good.message().await.expect("it is OK").is_some() {}
    let mut refused =
        call(&requests, "x", "/refused", b"", patience, ready(())).await.expect("headers");
    assert_eq!(refused.message().await.expect_err("it is refused").code, 5);
    let pieces = pieces.lock().unwrap();
    pieces.clone()
}

fn told(pieces: &[(Side, Vec<u8>)], view: View) -> Vec<Line> {
    let mut watcher = Watcher::new(view);
    pieces.iter().flat_map(|(side, bytes)| watcher.see(*side, bytes)).collect()
}

fn of(side: Side, lines: &[Line]) -> Vec<String> {
    let lines = lines.iter().filter(|line| line.side == side);
    lines.map(|line| format!("{} {}", line.stream, line.text)).collect()
}

#[tokio::test]
async fn the_calls_of_a_connection_are_told_with_headers_messages_and_trailers() {
    let lines = told(&recorded().await, View::Calls);
    let client = of(Side::Client, &lines);
    for line in
        ["1   :path: /good", "1   message of 4 bytes", "1     1: \"yo\"", "3   :path: /refused"]
    {
        assert!(client.iter().any(|other| other == line), "{line} is not in {client:#?}");
    }
    let expected = [
        "1 HEADERS       stream 1 END_HEADERS length 14",
        "1   :status: 200",
        "1   content-type: application/grpc",
        "1 DATA          stream 1 length 12",
        "1   message of 4 bytes",
        "1     1: \"hi\"",
        "1 DATA          stream 1 length 6",
        "1   message of 4 bytes",
        "1     1: \"hi\"",
        "1 HEADERS       stream 1 END_STREAM END_HEADERS length 12",
        "1   grpc-status: 0",
    ];
    let server = of(Side::Server, &lines);
    assert_eq!(server[..expected.len()], expected, "{server:#?}");
    assert!(!lines.iter().any(|line| line.text.starts_with("SETTINGS")), "that is no call's");
}

#[tokio::test]
async fn it_does_not_matter_how_the_bytes_come_in_pieces() {
    let pieces = recorded().await;
    let whole = told(&pieces, View::Frames);
    assert!(whole.iter().any(|line| line.text.starts_with("SETTINGS")));
    let bytes =
        pieces.iter().flat_map(|(side, bytes)| bytes.iter().map(|byte| (*side, vec![*byte])));
    assert_eq!(told(&bytes.collect::<Vec<_>>(), View::Frames), whole);
}

/// What is told of these bytes from the client.
fn client_says(bytes: &[u8]) -> Vec<String> {
    of(Side::Client, &told(&[(Side::Client, bytes.to_vec())], View::Frames))
}

#[test]
fn what_is_not_http2_is_said_not_to_be_and_nothing_more() {
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"PRI * HTTP/1.0",
    ] {
        let lines = client_says(bytes);
        let expected =
            "0 this is not HTTP/2 without TLS: it is passed on, and not shown from here on";
        assert_eq!(lines, [expected], "{bytes:?}");
    }
}

#[test]
fn headers_that_cannot_be_decoded_are_said_not_to_be_and_the_frames_go_on() {
    // An index into a table that is empty.
    let bad = b"\0\0\x01\x01\x04\0\0\0\x01\xff";
    let next = b"\0\0\x00\x01\x04\0\0\0\x03";
    let lines = client_says(&[PREFACE, bad, next].concat());
    assert!(lines[2].starts_with("1   headers cannot be shown from here on: "), "{lines:?}");
    assert_eq!(lines[3..], ["3 HEADERS       stream 3 END_HEADERS length 0"]);
}

#[test]
fn headers_without_an_end_are_not_kept() {
    let mut bytes = [PREFACE, b"\0\0\x00\x01\0\0\0\0\x01"].concat();
    for _ in 0..20 {
        bytes.extend(b"\0\x10\0\x09\0\0\0\0\x01");
        bytes.extend([0; 4096]);
    }
    let lines = client_says(&bytes);
    assert!(lines.iter().any(|line| line.ends_with("they are too long")), "{lines:?}");
}

/// A frame from the client.
fn frame_of(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("it is short").to_be_bytes();
    [&[0, length[0], length[1], kind, flags, 0, 0, 0, stream], payload].concat()
}

/// `content-type: application/grpc`, without any reference.
const GRPC: &[u8] = b"\0\x0ccontent-type\x10application/grpc";

#[test]
fn a_message_that_is_too_long_to_be_shown_is_passed_over() {
    let mut bytes = [PREFACE, &frame_of(1, 4, 1, GRPC)].concat();
    let long = [&b"\0\0\x10\0\0"[..], &vec![0; 0x10_0000], b"\0\0\0\0\x02\x08\x02"].concat();
    for part in long.chunks(16_000) {
        bytes.extend(frame_of(0, 0, 1, part));
    }
    let lines = client_says(&bytes);
    let messages = lines.iter().filter(|line| !line.contains("DATA")).skip(3);
    assert_eq!(
        messages.collect::<Vec<_>>(),
        [
            "1   message of 1048576 bytes, too long to be shown",
            "1   message of 2 bytes",
            "1     1: 2"
        ]
    );
}

#[test]
fn a_stream_that_ends_in_the_midst_of_a_message_is_said_to() {
    let bytes = [PREFACE, &frame_of(1, 4, 1, GRPC), &frame_of(0, 1, 1, b"\0\0\0\0\x09\x08")];
    let lines = client_says(&bytes.concat());
    assert_eq!(lines.last().unwrap(), "1   the stream ends in the midst of a message");
}

#[test]
fn headers_in_two_frames_end_their_stream_too() {
    let mut bytes = PREFACE.to_vec();
    for _ in 0..300 {
        bytes.extend([frame_of(1, 1, 1, &GRPC[..5]), frame_of(9, 4, 1, &GRPC[5..])].concat());
    }
    bytes.extend([frame_of(1, 4, 3, GRPC), frame_of(0, 0, 3, b"\0\0\0\0\0")].concat());
    let lines = client_says(&bytes);
    assert_eq!(lines.last().unwrap(), "3   message of 0 bytes", "there is room for it");
}

#[test]
fn messages_on_too_many_streams_are_said_not_to_be_shown() {
    let mut bytes = PREFACE.to_vec();
    for stream in 0..=200 {
        bytes.extend(frame_of(1, 4, stream, GRPC));
    }
    let last = client_says(&bytes).pop();
    assert_eq!(last.unwrap(), "200   too many streams: its messages are not shown");
}

#[test]
fn a_table_of_headers_larger_than_was_allowed_is_refused() {
    // A size of 2^28.
    let block = b"\x3f\xe1\xff\xff\x7f";
    let lines = client_says(&[PREFACE, &frame_of(1, 4, 1, block)].concat());
    assert!(lines[2].starts_with("1   headers cannot be shown from here on: "), "{lines:?}");
}

#[test]
fn headers_after_a_push_promise_are_said_not_to_be_shown() {
    let lines = client_says(&[PREFACE, &frame_of(5, 4, 1, b"\0\0\0\x02\x82")].concat());
    assert!(lines[2].starts_with("1   headers cannot be shown from here on: "), "{lines:?}");
}

#[test]
fn a_frame_that_is_too_long_to_be_kept_ends_the_view() {
    let lines = client_says(&[PREFACE, b"\xff\xff\xff\x00\0\0\0\0\x01"].concat());
    assert_eq!(
        lines[1],
        "0 a frame of 16777215 bytes: it is passed on, and not shown from here on"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(
        pieces in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..60)), 0..20),
        preface in any::<bool>(),
    ) {
        let mut watcher = Watcher::new(View::Frames);
        if preface {
            watcher.see(Side::Client, PREFACE);
        }
        for (server, mut bytes) in pieces {
            // Frames that are short enough to be complete.
            if let Some([a, b, length, kind]) = bytes.first_chunk_mut() {
                (*a, *b, *length, *kind) = (0, 0, *length % 40, *kind % 11);
            }
            watcher.see(if server { Side::Server } else { Side::Client }, &bytes);
        }
    }
}

//! The watcher shows all of a connection, or a line that names the missing part.

use proptest::prelude::*;
use watch::{Line, Side, View, Watcher};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn seen(view: View, pieces: &[(Side, Vec<u8>)]) -> Vec<Line> {
    let mut watcher = Watcher::new(view);
    pieces.iter().flat_map(|(side, bytes)| watcher.see(*side, bytes)).collect()
}

fn of(side: Side, lines: &[Line]) -> Vec<String> {
    let lines = lines.iter().filter(|line| line.side == side);
    lines.map(|line| format!("{} {}", line.stream, line.text)).collect()
}

/// A header block without references to earlier ones.
fn block(headers: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| {
        let length = u8::try_from(text.len()).expect("it is short");
        [&[length], text.as_bytes()].concat()
    };
    let header = |(name, value): &(&str, &str)| [vec![0], text(name), text(value)].concat();
    headers.iter().flat_map(header).collect()
}

/// Two calls on one connection: one with two messages in the response, and one that is refused.
fn connection() -> Vec<(Side, Vec<u8>)> {
    let request = |path| block(&[(":path", path), ("content-type", "application/grpc")]);
    let response = block(&[(":status", "200"), ("content-type", "application/grpc")]);
    let settings = frame_of(4, 0, 0, b"\0\x04\0\0\xff\xff");
    let two = b"\0\0\0\0\x04\x0a\x02hi\0\0\0\0\x04\x0a\x02hi";
    vec![
        (Side::Client, [PREFACE, &settings].concat()),
        (Side::Server, settings),
        (Side::Client, frame_of(1, 4, 1, &request("/good"))),
        (Side::Client, frame_of(0, 1, 1, b"\0\0\0\0\x04\x0a\x02yo")),
        (Side::Server, frame_of(1, 4, 1, &response)),
        // The second message comes in two frames.
        (Side::Server, [frame_of(0, 0, 1, &two[..12]), frame_of(0, 0, 1, &two[12..])].concat()),
        (Side::Server, frame_of(1, 5, 1, &block(&[("grpc-status", "0")]))),
        (Side::Client, frame_of(1, 5, 3, &request("/refused"))),
        (Side::Server, frame_of(1, 5, 3, &block(&[("grpc-status", "5")]))),
    ]
}

#[test]
fn calls_are_shown_with_headers_messages_and_trailers() {
    let lines = seen(View::Calls, &connection());
    assert_eq!(
        of(Side::Client, &lines),
        [
            "1 HEADERS       stream 1 END_HEADERS length 44",
            "1   :path: /good",
            "1   content-type: application/grpc",
            "1 DATA          stream 1 END_STREAM length 9",
            "1   message of 4 bytes",
            "1     1: \"yo\"",
            "3 HEADERS       stream 3 END_STREAM END_HEADERS length 47",
            "3   :path: /refused",
            "3   content-type: application/grpc",
        ]
    );
    assert_eq!(
        of(Side::Server, &lines),
        [
            "1 HEADERS       stream 1 END_HEADERS length 44",
            "1   :status: 200",
            "1   content-type: application/grpc",
            "1 DATA          stream 1 length 12",
            "1   message of 4 bytes",
            "1     1: \"hi\"",
            "1 DATA          stream 1 length 6",
            "1   message of 4 bytes",
            "1     1: \"hi\"",
            "1 HEADERS       stream 1 END_STREAM END_HEADERS length 15",
            "1   grpc-status: 0",
            "3 HEADERS       stream 3 END_STREAM END_HEADERS length 15",
            "3   grpc-status: 5",
        ]
    );
}

#[test]
fn all_frames_includes_those_of_the_connection() {
    let lines = of(Side::Client, &seen(View::Frames, &connection()));
    assert_eq!(
        lines[..2],
        [
            "0 the connection preface: PRI * HTTP/2.0",
            "0 SETTINGS      stream 0 length 6: INITIAL_WINDOW_SIZE = 65535",
        ]
    );
}

#[test]
fn it_does_not_matter_how_the_bytes_are_cut() {
    let pieces = connection();
    let bytes =
        pieces.iter().flat_map(|(side, bytes)| bytes.iter().map(|byte| (*side, vec![*byte])));
    let bytes = bytes.collect::<Vec<_>>();
    assert_eq!(seen(View::Frames, &bytes), seen(View::Frames, &pieces));
}

#[test]
fn the_frames_of_a_connection_are_shown_with_their_payload() {
    for (kind, flags, payload, expected) in [
        (3, 0, &b"\0\0\0\x08"[..], "RST_STREAM    stream 0 length 4: CANCEL"),
        (3, 0, b"", "RST_STREAM    stream 0 length 0"),
        (4, 1, b"", "SETTINGS      stream 0 ACK length 0"),
        (6, 1, b"12345678", "PING          stream 0 ACK length 8"),
        (
            7,
            0,
            b"\0\0\0\x05\0\0\0\x0b",
            "GOAWAY        stream 0 length 8: streams up to 5, ENHANCE_YOUR_CALM",
        ),
        (8, 0, b"\0\0\0\x09", "WINDOW_UPDATE stream 0 length 4: 9 bytes more"),
        (77, 0, b"", "type 77       stream 0 length 0"),
    ] {
        let lines = client_says(&[PREFACE, &frame_of(kind, flags, 0, payload)].concat());
        assert_eq!(lines[1..], [format!("0 {expected}")]);
    }
}

/// The lines that the watcher shows for these bytes from the client.
fn client_says(bytes: &[u8]) -> Vec<String> {
    of(Side::Client, &seen(View::Frames, &[(Side::Client, bytes.to_vec())]))
}

#[test]
fn bytes_that_are_not_http2_are_reported_once() {
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"PRI * HTTP/1.0",
    ] {
        let lines = client_says(bytes);
        let expected = "0 this is not HTTP/2 without TLS: nothing is shown from here on";
        assert_eq!(lines, [expected], "{bytes:?}");
    }
}

#[test]
fn headers_that_cannot_be_decoded_are_reported_and_the_frames_continue() {
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
fn a_stream_that_ends_in_the_middle_of_a_message_is_reported() {
    let bytes = [PREFACE, &frame_of(1, 4, 1, GRPC), &frame_of(0, 1, 1, b"\0\0\0\0\x09\x08")];
    let lines = client_says(&bytes.concat());
    assert_eq!(lines.last().unwrap(), "1   the stream ends in the middle of a message");
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
fn messages_on_too_many_streams_are_not_shown() {
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
fn headers_after_a_push_promise_are_not_shown() {
    let lines = client_says(&[PREFACE, &frame_of(5, 4, 1, b"\0\0\0\x02\x82")].concat());
    assert!(lines[2].starts_with("1   headers cannot be shown from here on: "), "{lines:?}");
}

#[test]
fn a_frame_that_is_too_long_ends_the_view() {
    let lines = client_says(&[PREFACE, b"\xff\xff\xff\x00\0\0\0\0\x01"].concat());
    assert_eq!(
        lines[1],
        "0 a frame of 16777215 bytes is too long: nothing is shown from here on"
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

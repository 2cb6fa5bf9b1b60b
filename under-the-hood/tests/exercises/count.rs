//! 3. Count them.

use under_the_hood::{
    frames::PREFACE,
    framing::frame,
    watch::{Line, Side, View, Watcher},
};

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
    // Calls that are reset, by either side, and what is on its way meanwhile.
    for (stream, side) in [(11, Side::Client), (13, Side::Server)] {
        see(Side::Client, http2_frame(1, 5, stream, &headers));
        see(side, http2_frame(3, 0, stream, &[0, 0, 0, 8]));
        see(Side::Server, http2_frame(1, 5, stream, &headers));
    }
    // A proxy answers a call, and gRPC's answer comes to what is none.
    see(Side::Client, http2_frame(1, 4, 15, &headers));
    see(Side::Client, http2_frame(0, 1, 15, &message));
    see(Side::Server, http2_frame(1, 4, 15, &html));
    see(Side::Server, http2_frame(0, 1, 15, b"<html>"));
    see(Side::Client, http2_frame(1, 5, 17, &html));
    see(Side::Server, http2_frame(1, 5, 17, &headers));
    // A message that is too long to be shown, and trailers in two frames.
    see(Side::Client, http2_frame(1, 5, 19, &headers));
    see(Side::Server, http2_frame(1, 4, 19, &headers));
    for part in frame(&vec![0; 300_000]).expect("it is short").chunks(255) {
        see(Side::Server, http2_frame(0, 0, 19, part));
    }
    see(Side::Server, http2_frame(1, 1, 19, &trailers[..5]));
    see(Side::Server, http2_frame(9, 4, 19, &trailers[5..]));
    // Messages that cannot be told apart.
    see(Side::Client, http2_frame(1, 5, 21, &headers));
    see(Side::Server, http2_frame(1, 4, 21, &headers));
    see(Side::Server, http2_frame(0, 1, 21, b"\x02\0\0\0\0"));

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
            (
                Side::Server,
                0,
                "stream 15 has ended: messages from the client 1, from the server 0"
            ),
            (
                Side::Server,
                0,
                "stream 19 has ended: messages from the client 0, from the server 1"
            ),
        ]
    );
    let at = |text: &str| said.iter().position(|line| line.text.starts_with(text));
    let (told, next) = (at("stream 1 has"), at("DATA          stream 3 length 3"));
    assert!(told < next, "it is told at once");
    for stream in [1, 19] {
        let told = at(&format!("stream {stream} has")).expect("it is told");
        assert_eq!(said[told - 1].text, "  grpc-status: 0", "the trailers are told before");
    }
}

#[test]
#[ignore = "an exercise"]
fn exercise_3_nothing_is_told_of_calls_whose_messages_are_not_shown() {
    let headers = [b"\x83", &*block("content-type", "application/grpc")].concat();
    for flags in [4, 5] {
        let mut watcher = Watcher::new(View::Frames);
        watcher.see(Side::Client, PREFACE);
        for stream in 1..=201 {
            watcher.see(Side::Client, &http2_frame(1, flags, stream, &headers));
            watcher.see(Side::Server, &http2_frame(1, 4, stream, &headers));
        }
        for (stream, known) in [(201, false), (1, true)] {
            let told = watcher.see(Side::Server, &http2_frame(0, 1, stream, &[]));
            let ended = told.iter().any(|line| line.text.contains("has ended"));
            assert_eq!(ended, known, "{told:?}");
        }
    }
}

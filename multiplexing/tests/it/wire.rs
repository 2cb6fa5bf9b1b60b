//! The frames of a connection that several calls share.

use std::sync::{Arc, Mutex};

use hyper_util::rt::TokioIo;
use multiplexing::client;
use testing::{blocks, network::addr};
use tokio_util::io::{InspectReader, InspectWriter};
use watch::{Side, View, Watcher};

use crate::memory::{our_endpoint, start};

const README: &str = include_str!("../../README.md");

/// The lines that `watch` shows of all calls of the client on one connection, each with its stream.
async fn watched() -> Vec<(u32, String)> {
    let network = start(launcher::builder());
    let watcher = Arc::new(Mutex::new((Watcher::new(View::Calls), Vec::new())));
    let see = |side, name| {
        let watcher = Arc::clone(&watcher);
        move |bytes: &[u8]| {
            let (watcher, lines) = &mut *watcher.lock().unwrap();
            let seen = watcher.see(side, bytes).into_iter();
            lines.extend(seen.map(|line| (line.stream, format!("{name} | {}", line.text))));
        }
    };
    let (reads, writes) = (see(Side::Server, "server"), see(Side::Client, "client"));
    let stream = InspectReader::new(network.connect(addr(1)).unwrap(), reads);
    let mut stream = Some(TokioIo::new(InspectWriter::new(stream, writes)));
    let connector = tower::service_fn(move |_| {
        let stream = stream.take().ok_or("there is only one connection");
        async { stream }
    });
    let channel = our_endpoint().connect_with_connector(connector).await.unwrap();
    client::call(channel).await.unwrap();
    watcher.lock().unwrap().1.clone()
}

/// Whether `stream` is open while all of stream `inner` happens.
fn encloses(lines: &[(u32, String)], stream: u32, inner: u32) -> bool {
    let at = |this| lines.iter().position(|(stream, _)| *stream == this);
    let end = |this| lines.iter().rposition(|(stream, _)| *stream == this);
    at(stream) < at(inner) && end(inner) < end(stream)
}

#[tokio::test(start_paused = true)]
async fn the_readme_shows_the_frames_of_a_slow_stream_and_a_quick_call() {
    let block = blocks(README).into_iter().find(|(info, _)| info == "text").unwrap().1;
    let mut shown = Vec::new();
    let mut stream = 0;
    for line in block.lines() {
        if let Some((_, rest)) = line.split_once(" stream ") {
            stream = rest.split(' ').next().unwrap().parse().unwrap();
        }
        // The length of headers differs with the address.
        shown.push((stream, line.split(" length").next().unwrap().to_owned()));
    }
    let seen = watched().await;
    for (stream, line) in &shown {
        let found =
            |(of, seen): &&(u32, String)| of == stream && seen.starts_with(line.as_str());
        assert!(seen.iter().any(|seen| found(&seen)), "this frame is not sent: {line:?}");
    }
    for (name, lines) in [("the README", &shown), ("the watcher", &seen)] {
        assert!(encloses(lines, 5, 7), "{name} does not show stream 7 within stream 5");
    }
}

#[tokio::test(start_paused = true)]
async fn call_201_is_sent_after_one_of_the_200_streams_has_ended() {
    let seen = watched().await;
    // Four calls came first, as streams 1, 3, 5 and 7. Then there are 200 streams, 9 to 407.
    let at = |part: &str| seen.iter().position(|(_, line)| line.starts_with(part)).unwrap();
    let last_stream = at("client | HEADERS       stream 407 ");
    let first_end = at("server | HEADERS       stream 9 END_STREAM ");
    let call_201 = at("client | HEADERS       stream 409 ");
    let second_end = at("server | HEADERS       stream 11 END_STREAM ");
    assert!(last_stream < first_end && first_end < call_201 && call_201 < second_end);
    let path = "client |   :path: /helloworld.Greeter/SayHello".to_owned();
    assert!(seen.contains(&(409, path)), "stream 409 is call 201");
}

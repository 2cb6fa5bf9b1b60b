//! The log passes everything on unchanged, even if it is malformed.

use std::{future::ready, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use interceptors::call_log::CallLog;
use tonic::{Status, body::Body};
use tower::{Layer, Service, service_fn};

use crate::logs::{call, log};

/// Two pieces of one message, and trailers.
fn frames(status: &'static str) -> (Bytes, Bytes, HeaderMap) {
    let body = Bytes::from_static(b"\0\0\0\0\x05abcde");
    let trailers = [("grpc-status", status), ("grpc-status-details-bin", "!broken!")];
    let trailers =
        trailers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    (body.slice(..7), body.slice(7..), HeaderMap::from_iter(trailers))
}

fn body(frames: Vec<Result<Frame<Bytes>, Status>>) -> Body {
    Body::new(StreamBody::new(tokio_stream::iter(frames)))
}

/// The events of a call whose response is `response`, after `begins`.
async fn events(response: Result<Body, Status>) -> Vec<String> {
    let (log, mut events) = log();
    let mut response = Some(response.map(Response::new));
    let mut service =
        log.layer(service_fn(move |_: Request<Body>| ready(response.take().unwrap())));
    if let Ok(response) = service.call(Request::new(Body::empty())).await {
        let mut body = response.into_body();
        // Like hyper, this does not poll a body that is at its end.
        while !body.is_end_stream()
            && let Some(Ok(_)) = body.frame().await
        {}
    }
    call(&mut events).await
}

#[tokio::test]
async fn the_bytes_are_passed_on_without_a_copy_in_both_directions() {
    let (first, second, _) = frames("0");
    let places = [&first, &second].map(place);
    let two = move || vec![Ok(Frame::data(first.clone())), Ok(Frame::data(second.clone()))];
    let there = body(two());
    let (log, _) = log();
    let mut service = log.layer(service_fn(move |request: Request<Body>| {
        let back = body(two());
        async move {
            assert_eq!(places_of(request.into_body()).await, places, "there");
            Ok::<_, Status>(Response::new(back))
        }
    }));
    let response = service.call(Request::new(there)).await.unwrap();
    assert_eq!(places_of(response.into_body()).await, places, "and back");
}

/// The address and the length of bytes.
fn place(bytes: &Bytes) -> (usize, usize) {
    (bytes.as_ptr() as usize, bytes.len())
}

async fn places_of(mut body: Body) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    while let Some(frame) = body.frame().await {
        places.push(place(&frame.unwrap().into_data().unwrap()));
    }
    places
}

#[tokio::test]
async fn malformed_details_of_a_status_do_not_matter_to_the_log() {
    let (_, _, trailers) = frames("5");
    let events = events(Ok(body(vec![Ok(Frame::trailers(trailers))]))).await;
    assert_eq!(events, ["ends with NOT_FOUND"]);
}

#[tokio::test]
async fn a_status_that_is_not_a_number_is_unknown() {
    let (_, _, trailers) = frames("teapot");
    let events = events(Ok(body(vec![Ok(Frame::trailers(trailers))]))).await;
    assert_eq!(events, ["ends with UNKNOWN"]);
}

#[tokio::test]
async fn a_response_without_a_status_has_failed() {
    let (first, second, _) = frames("0");
    let body = body(vec![Ok(Frame::data(first)), Ok(Frame::data(second))]);
    let expected = ["sent message 1 (5 bytes)", "fails: there was no status"];
    assert_eq!(events(Ok(body)).await, expected);
}

#[tokio::test]
async fn a_response_that_ends_with_its_headers_or_data_and_has_no_status_has_failed() {
    // Such a body reports its end, and the server does not poll it again.
    for body in [Body::empty(), Body::new(Full::new(frames("0").0))] {
        assert_eq!(events(Ok(body)).await, ["fails: there was no status"]);
    }
}

#[tokio::test]
async fn data_that_is_not_a_message_passes_and_is_not_counted() {
    let data = Bytes::from_static(b"<html>");
    let (log, mut lines) = log();
    let inner = body(vec![Ok(Frame::data(data.clone())), Ok(Frame::data(data))]);
    let mut inner = Some(Response::new(inner));
    let mut service = log.layer(service_fn(move |_: Request<Body>| {
        ready(Ok::<_, Status>(inner.take().unwrap()))
    }));
    let response = service.call(Request::new(Body::empty())).await.unwrap();
    let passed = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(passed, "<html><html>");
    assert_eq!(call(&mut lines).await, ["fails: there was no status"]);
}

#[tokio::test]
async fn the_size_hint_of_a_body_is_passed_on() {
    let (first, ..) = frames("0");
    let full = move || Body::new(Full::new(first.clone()));
    let (log, _) = log();
    let back = full();
    let mut back = Some(back);
    let mut service = log.layer(service_fn(move |request: Request<Body>| {
        assert_eq!(request.body().size_hint().exact(), Some(7));
        let response = Response::new(back.take().unwrap());
        async { Ok::<_, Status>(response) }
    }));
    let response = service.call(Request::new(full())).await.unwrap();
    assert_eq!(response.body().size_hint().exact(), Some(7));
}

#[tokio::test(start_paused = true)]
async fn the_time_is_that_from_the_start_to_the_end() {
    let (sender, mut lines) = tokio::sync::mpsc::unbounded_channel();
    let log = CallLog::server(move |line| sender.send(line.to_string()).unwrap());
    let mut service = log.layer(service_fn(async |_: Request<Body>| {
        tokio::time::sleep(Duration::from_secs(5)).await;
        Err::<Response<Body>, _>(Status::unavailable("too late"))
    }));
    let request = Request::post("/no.Service/noMethod").body(Body::empty()).unwrap();
    service.call(request).await.unwrap_err();
    assert_eq!(lines.recv().await.unwrap(), "noMethod #1 begins: /no.Service/noMethod");
    let end = lines.recv().await.unwrap();
    assert!(end.starts_with("noMethod #1 fails: ") && end.ends_with(" after 5.0s"), "{end}");
}

#[tokio::test]
async fn a_response_that_breaks_off_has_failed_with_the_reason() {
    let (first, ..) = frames("0");
    let broken = Status::unavailable("the line is dead");
    let events = events(Ok(body(vec![Ok(Frame::data(first)), Err(broken)]))).await;
    assert!(events.len() == 1 && events[0].contains("the line is dead"), "{events:?}");
}

#[tokio::test]
async fn a_call_without_a_response_has_failed_with_the_reason() {
    let events = events(Err(Status::unavailable("nobody there"))).await;
    assert!(events.len() == 1 && events[0].contains("nobody there"), "{events:?}");
}

#[tokio::test]
async fn a_call_that_is_dropped_before_its_response_is_cancelled() {
    let (log, mut events) = log();
    let mut service = log.layer(service_fn(|_: Request<Body>| {
        std::future::pending::<Result<Response<Body>, Status>>()
    }));
    drop(service.call(Request::new(Body::empty())));
    assert_eq!(call(&mut events).await, ["is cancelled"]);
}

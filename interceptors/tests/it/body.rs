//! The log lets everything through as it is, even what is not as it should be.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use interceptors::call_log::{CallLog, End, Event};
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service, service_fn};

/// Two frames that cut a message in the middle, and its trailers.
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

type Events = Arc<Mutex<Vec<Event>>>;

fn log() -> (CallLog, Events) {
    let events = Events::default();
    let seen = Arc::clone(&events);
    (CallLog::new(move |_, event| seen.lock().unwrap().push(event)), events)
}

/// The events of a call that is answered with `answer`.
async fn answered(answer: Result<Vec<Result<Frame<Bytes>, Status>>, Status>) -> Vec<Event> {
    let (log, events) = log();
    let answer = Arc::new(Mutex::new(Some(answer)));
    let mut service = log.layer(service_fn(move |_: Request<Body>| {
        let answer = answer.lock().unwrap().take().unwrap();
        async move { answer.map(|frames| Response::new(body(frames))) }
    }));
    if let Ok(response) = service.call(Request::new(Body::empty())).await {
        let mut body = response.into_body();
        while let Some(Ok(_)) = body.frame().await {}
    }
    let events = events.lock().unwrap();
    assert_eq!(events[0], Event::Started);
    events[1..].to_vec()
}

#[tokio::test]
async fn the_bytes_handed_on_are_the_ones_received_in_both_directions() {
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

/// Where in memory bytes are, and how many.
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
async fn details_that_are_broken_do_not_matter_to_the_log() {
    let (_, _, trailers) = frames("5");
    let events = answered(Ok(vec![Ok(Frame::trailers(trailers))])).await;
    assert_eq!(events, [Event::Ended(End::Status(Code::NotFound))]);
}

#[tokio::test]
async fn a_status_that_is_no_number_is_unknown() {
    let (_, _, trailers) = frames("teapot");
    let events = answered(Ok(vec![Ok(Frame::trailers(trailers))])).await;
    assert_eq!(events, [Event::Ended(End::Status(Code::Unknown))]);
}

#[tokio::test]
async fn an_answer_without_a_status_has_failed() {
    let (first, second, _) = frames("0");
    let events = answered(Ok(vec![Ok(Frame::data(first)), Ok(Frame::data(second))])).await;
    assert!(matches!(events[0], Event::Response(message) if message.size == 5), "{events:?}");
    assert_eq!(events[1..], [Event::Ended(End::Failed("there was no status".into()))]);
}

#[tokio::test]
async fn an_answer_that_ends_with_its_headers_or_its_data_and_has_no_status_has_failed() {
    // Such a body says that it is at its end, and nobody asks it for more.
    for body in [Body::empty(), Body::new(Full::new(frames("0").0))] {
        let (log, events) = log();
        let mut body = Some(body);
        let mut service = log.layer(service_fn(move |_: Request<Body>| {
            let response = Response::new(body.take().unwrap());
            async { Ok::<_, Status>(response) }
        }));
        let mut body = service.call(Request::new(Body::empty())).await.unwrap().into_body();
        while !body.is_end_stream() {
            body.frame().await.unwrap().unwrap();
        }
        let expected = Event::Ended(End::Failed("there was no status".into()));
        assert_eq!(events.lock().unwrap().last(), Some(&expected));
    }
}

#[tokio::test]
async fn a_body_says_as_much_of_itself_as_it_did() {
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
async fn the_time_is_that_from_the_beginning_to_the_end() {
    let (times, mut told) = tokio::sync::mpsc::unbounded_channel();
    let log = CallLog::new(move |call, _| times.send(call.elapsed()).unwrap_or_default());
    let mut service = log.layer(service_fn(async |_: Request<Body>| {
        tokio::time::sleep(Duration::from_secs(5)).await;
        Err::<Response<Body>, _>(Status::unavailable("too late"))
    }));
    service.call(Request::new(Body::empty())).await.unwrap_err();
    assert_eq!(told.recv().await, Some(Duration::ZERO));
    assert_eq!(told.recv().await, Some(Duration::from_secs(5)));
}

#[tokio::test]
async fn an_answer_that_breaks_off_has_failed_with_the_reason() {
    let (first, ..) = frames("0");
    let broken = Status::unavailable("the line is dead");
    let events = answered(Ok(vec![Ok(Frame::data(first)), Err(broken)])).await;
    let [Event::Ended(End::Failed(reason))] = &events[..] else { panic!("{events:?}") };
    assert!(reason.contains("the line is dead"), "{reason}");
}

#[tokio::test]
async fn a_call_that_gets_no_answer_has_failed_with_the_reason() {
    let events = answered(Err(Status::unavailable("nobody there"))).await;
    let [Event::Ended(End::Failed(reason))] = &events[..] else { panic!("{events:?}") };
    assert!(reason.contains("nobody there"), "{reason}");
}

#[tokio::test]
async fn a_call_that_is_given_up_before_its_answer_is_cancelled() {
    let (log, events) = log();
    let mut service = log.layer(service_fn(|_: Request<Body>| {
        std::future::pending::<Result<Response<Body>, Status>>()
    }));
    drop(service.call(Request::new(Body::empty())));
    assert_eq!(*events.lock().unwrap(), [Event::Started, Event::Ended(End::Cancelled)]);
}

//! A layer: it adds the headers that every response has, and gives every call an id.
//!
//! A method can only add headers to the responses that it makes. But tonic answers some calls itself:
//! the method is unknown, or the message cannot be decoded. A layer sees those responses too. It does not
//! see two others, which are made outside of it: HTTP status 431 for a request that is too large, and the
//! CANCELLED of tonic's timer for `grpc-timeout`. (The `interceptors` example explains layers. A tonic
//! interceptor would not do, because it never sees a response.)

use std::{
    task::{Context, Poll},
    time::SystemTime,
};

use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use launcher::transcript;
use tower::Service;
use uuid::Uuid;

/// The header with the id of a call. gRPC defines none, and this name is the most common one.
pub const REQUEST_ID: &str = "x-request-id";

/// A service with the layer around it.
#[derive(Clone, Debug)]
pub struct WithHeaders<S>(pub S);

impl<S, A, B> Service<Request<A>> for WithHeaders<S>
where
    S: Service<Request<A>, Response = Response<B>, Future: Send + 'static>,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<B>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let id = request_id(request.headers());
        let path = request.uri().path();
        let method = path.rsplit('/').next().unwrap_or(path);
        // Production: start a `tracing` span with the id here. Then each line that is logged during the
        // call has the id, and not only this one.
        transcript!(server, "[{id}] {method} with {}", names(request.headers()));
        let response = self.0.call(request);
        Box::pin(async move {
            let mut response = response.await?;
            let headers = response.headers_mut();
            headers.insert("location", HeaderValue::from_static("San Jose"));
            let timestamp = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
            insert(headers, "timestamp", &timestamp);
            insert(headers, REQUEST_ID, &id);
            Ok(response)
        })
    }
}

/// Inserts a value that consists of printable ASCII characters. Otherwise inserting it would fail.
fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Returns the id that the request brings, or a new one.
///
/// Production: the id comes from outside, and goes into the log and into the response. So it has to be
/// short, and must not contain spaces or control characters, with which it could imitate a log line.
fn request_id(headers: &HeaderMap) -> String {
    headers
        .get(REQUEST_ID)
        .and_then(|id| id.to_str().ok())
        .filter(|id| {
            (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
        })
        .map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}

/// Returns the names of the request's custom metadata, for the log.
///
/// Production: no values. They may be tokens, cookies or personal data, and a log is read by many and
/// kept for long. `{:?}` of a `Request` or a `MetadataMap` prints them all. If you need a value in the
/// log, name its key here.
fn names(headers: &HeaderMap) -> String {
    let mut names = Vec::new();
    for name in headers.keys().map(HeaderName::as_str) {
        // Names that start with `grpc-` belong to gRPC, and the other three are part of every call.
        if name.starts_with("grpc-") || ["content-type", "te", "user-agent"].contains(&name) {
            continue;
        }
        match headers.get_all(name).iter().count() {
            1 => names.push(name.to_owned()),
            values => names.push(format!("{name} ({values} values)")),
        }
    }
    if names.is_empty() { "no metadata".into() } else { names.join(", ") }
}

//! The response of a backend: its body, and the status of a call that has no proper response.

use std::{
    error::Error as _,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::{Code, Status};
use wire::{code::from_http, status::is_grpc};

use crate::deadline::{Deadline, exceeded};

/// The messages and the trailers of a response, and DEADLINE_EXCEEDED after the deadline.
pub struct ResponseBody {
    /// `None` once the deadline has passed. Dropping the body resets the stream.
    pub(crate) body: Option<Incoming>,
    pub(crate) addr: SocketAddr,
    pub(crate) deadline: Deadline,
    /// Wakes the reader at the deadline. Created when the reader has to wait.
    pub(crate) alarm: Option<Pin<Box<Sleep>>>,
    /// Counts as a call in flight until it is dropped.
    pub(crate) _call: Arc<()>,
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        // The clock is checked first: if the backend sends faster than the caller reads, there is
        // always a frame, and the alarm would never be polled.
        if this.deadline.0.is_none_or(|deadline| Instant::now() < deadline) {
            if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
                return Poll::Ready(frame.map(|frame| frame.map_err(|e| lost(this.addr, e))));
            }
            let Some(deadline) = this.deadline.0 else { return Poll::Pending };
            let alarm = this.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            ready!(alarm.as_mut().poll(cx));
        }
        this.body = None;
        Poll::Ready(Some(Err(exceeded())))
    }
}

/// Fails if a response is not gRPC's, for example a proxy's error page (grpc/grpc,
/// `doc/http-grpc-status-mapping.md`).
pub(crate) fn check(addr: SocketAddr, response: &Response<Incoming>) -> Result<(), Status> {
    let (http, headers) = (response.status(), response.headers());
    // A proxy that speaks gRPC may send a grpc-status with any HTTP status. It counts.
    if headers.contains_key("grpc-status") || http == StatusCode::OK && is_grpc(headers) {
        return Ok(());
    }
    let none = HeaderValue::from_static("");
    let content_type = headers.get(CONTENT_TYPE).unwrap_or(&none);
    let reason =
        format!("{addr} answered with HTTP status {http}, content-type {content_type:?}");
    Err(Status::new(Code::from(i32::from(from_http(http))), reason))
}

/// The status of a call whose connection broke: UNAVAILABLE, and not UNKNOWN as in tonic's channel.
pub(crate) fn lost(addr: SocketAddr, error: hyper::Error) -> Status {
    if h2_error(&error).is_some_and(|error| error.is_reset() && error.is_remote()) {
        // The backend ended only this call. tonic maps the reason to a code.
        return Status::from_error(Box::new(error));
    }
    let reason = launcher::root_cause(&error);
    let mut status =
        Status::unavailable(format!("the connection to {addr} was lost: {reason}"));
    status.set_source(Arc::new(error));
    status
}

/// Whether no backend has processed this call, nor ever will. Then any call may be repeated. It was
/// refused with REFUSED_STREAM, or sent after a GOAWAY (RFC 9113, sections 6.8 and 8.7). Or it was
/// waiting for a free stream when the connection ended, which hyper calls an error of the user.
#[must_use]
pub fn is_refused(status: &Status) -> bool {
    let source = status.source().and_then(|source| source.downcast_ref::<hyper::Error>());
    let refused = |error: &h2::Error| {
        let refused_stream = error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (error.is_go_away() || refused_stream)
    };
    source.is_some_and(|error| error.is_user() || h2_error(error).is_some_and(refused))
}

fn h2_error(error: &hyper::Error) -> Option<&h2::Error> {
    error.source()?.downcast_ref()
}

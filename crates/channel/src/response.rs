//! The response of a backend: its body, and the status of a call that has no proper response.

use std::{
    error::Error as _,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Response, StatusCode, header::CONTENT_TYPE};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::{Code, Status};
use wire::{code::from_http, status::is_grpc};

use crate::deadline::{Deadline, exceeded};

/// The messages and the trailers of a response. After the deadline, reading them fails with
/// DEADLINE_EXCEEDED.
pub struct ResponseBody {
    /// `None` once the deadline has passed. Dropping the body resets the stream.
    body: Option<Incoming>,
    addr: SocketAddr,
    /// Counts as a call in flight until it is dropped.
    _call: Arc<()>,
    deadline: Option<Instant>,
    /// Wakes the reader at the deadline. Created when the reader has to wait.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl ResponseBody {
    pub(crate) fn new(
        body: Incoming,
        addr: SocketAddr,
        call: Arc<()>,
        deadline: Deadline,
    ) -> Self {
        Self { body: Some(body), addr, _call: call, deadline: deadline.0, alarm: None }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        // The clock is checked first: if the backend sends faster than the caller reads, there is
        // always a frame, and the alarm would never be polled.
        if this.deadline.is_none_or(|deadline| Instant::now() < deadline) {
            if let Poll::Ready(frame) = Pin::new(body).poll_frame(context) {
                return Poll::Ready(frame.map(|frame| frame.map_err(|e| lost(this.addr, e))));
            }
            let Some(deadline) = this.deadline else { return Poll::Pending };
            let alarm = this.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            ready!(alarm.as_mut().poll(context));
        }
        this.body = None;
        Poll::Ready(Some(Err(exceeded())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }
}

/// The status of a response that is not gRPC's, for example a proxy's error page (grpc/grpc,
/// `doc/http-grpc-status-mapping.md`).
pub(crate) fn not_grpc(addr: SocketAddr, response: &Response<Incoming>) -> Option<Status> {
    let (http, headers) = (response.status(), response.headers());
    // A proxy that speaks gRPC may send a grpc-status with any HTTP status. It counts.
    if headers.contains_key("grpc-status") || http == StatusCode::OK && is_grpc(headers) {
        return None;
    }
    let content_type = headers.get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let content_type = String::from_utf8_lossy(content_type);
    let reason =
        format!("{addr} answered with HTTP status {http}, content-type {content_type:?}");
    Some(Status::new(Code::from(i32::from(from_http(http))), reason))
}

/// The status of a call whose connection or stream broke: UNAVAILABLE, as gRPC specifies. (tonic's
/// own channel says UNKNOWN.)
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

/// Whether no backend has processed this call, nor ever will. Then any call may be repeated.
///
/// The backend refused it with REFUSED_STREAM, or the call was sent after a GOAWAY (RFC 9113,
/// sections 6.8 and 8.7), or it was still waiting for a free stream when the connection ended.
/// hyper reports the last case as an error of the user.
#[must_use]
pub fn is_refused(status: &Status) -> bool {
    let error = status.source().and_then(|source| source.downcast_ref::<hyper::Error>());
    error.is_some_and(|error| {
        let refused = |error: &h2::Error| {
            error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM)
        };
        error.is_user()
            || h2_error(error).is_some_and(|error| error.is_remote() && refused(error))
    })
}

fn h2_error(error: &hyper::Error) -> Option<&h2::Error> {
    error.source()?.downcast_ref()
}

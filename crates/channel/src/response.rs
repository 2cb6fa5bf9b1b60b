//! What comes back from a backend: the body of a response, and the status of a call that was lost.

use std::{
    error::Error as _,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::{Code, Status};

use crate::deadline::{Deadline, exceeded};

/// The messages and the trailers of a response. Whoever reads them after the deadline is told so.
pub struct ResponseBody {
    /// `None` when the deadline has passed; the stream is reset as it is dropped.
    body: Option<Incoming>,
    addr: SocketAddr,
    /// Counts as a call in flight until it is dropped.
    _call: Arc<()>,
    deadline: Option<Instant>,
    /// Wakes whoever waits for a frame then. Made when somebody has to wait.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl ResponseBody {
    pub(crate) fn new(
        body: Incoming,
        addr: SocketAddr,
        call: Arc<()>,
        Deadline(deadline): Deadline,
    ) -> Self {
        Self { body: Some(body), addr, _call: call, deadline, alarm: None }
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
        // First, because a backend may send faster than anybody reads, and then the body is never
        // pending.
        if this.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            this.body = None;
            return Poll::Ready(Some(Err(exceeded())));
        }
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(context) {
            return Poll::Ready(
                frame.map(|frame| frame.map_err(|error| lost(this.addr, error))),
            );
        }
        if let Some(deadline) = this.deadline {
            let alarm = this.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            ready!(alarm.as_mut().poll(context));
            this.body = None;
            return Poll::Ready(Some(Err(exceeded())));
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }
}

/// The status of a call whose connection or stream broke.
///
/// (tonic has no code for a connection that broke, and says UNKNOWN; gRPC says UNAVAILABLE.)
pub(crate) fn lost(addr: SocketAddr, error: hyper::Error) -> Status {
    let reset = h2_error(&error).is_some_and(|error| error.is_reset() && error.is_remote());
    if reset {
        // The backend ended this one call. tonic knows what its reasons mean.
        return Status::from_error(Box::new(error));
    }
    let reason = launcher::root_cause(&error);
    let mut status =
        Status::unavailable(format!("the connection to {addr} was lost: {reason}"));
    status.set_source(Arc::new(error));
    status
}

/// The status of a call that was answered by something that does not speak gRPC, such as a proxy that
/// has no backend: gRPC has one for each HTTP status (grpc/grpc, `doc/http-grpc-status-mapping.md`).
pub(crate) fn not_grpc(addr: SocketAddr, status: StatusCode) -> Status {
    let code = match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    };
    Status::new(code, format!("{addr} has answered with HTTP status {status}"))
}

/// Whether no backend has looked at this call, nor ever will: it was refused, or came after a GOAWAY
/// (RFC 9113, sections 6.8 and 8.7), or was still waiting for a stream when the connection ended, which
/// hyper counts as an error of ours.
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

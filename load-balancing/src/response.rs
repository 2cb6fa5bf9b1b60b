//! What comes back from a backend: the body of a response, and the status of a call that was lost.

use std::{
    error::Error as _,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep_until};
use tonic::Status;

use crate::deadline::{Deadline, exceeded};

/// The messages and the trailers of a response, until the deadline.
pub struct ResponseBody {
    /// `None` when the deadline has passed; the stream is reset as it is dropped.
    body: Option<Incoming>,
    addr: SocketAddr,
    /// Counts as a call in flight until it is dropped.
    _call: Arc<()>,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl ResponseBody {
    pub(crate) fn new(
        body: Incoming,
        addr: SocketAddr,
        call: Arc<()>,
        Deadline(deadline): Deadline,
    ) -> Self {
        let deadline = deadline.map(|deadline| Box::pin(sleep_until(deadline)));
        Self { body: Some(body), addr, _call: call, deadline }
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
        // What has come counts, even if nobody took it in time.
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(context) {
            return Poll::Ready(
                frame.map(|frame| frame.map_err(|error| lost(this.addr, error))),
            );
        }
        if let Some(deadline) = &mut this.deadline
            && deadline.as_mut().poll(context).is_ready()
        {
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

/// Whether the backend says that it has not looked at this call, and never will: it refused the
/// stream, or had said GOAWAY before it came (RFC 9113, sections 6.8 and 8.7).
pub(crate) fn is_refused(status: &Status) -> bool {
    let error = status.source().and_then(|source| source.downcast_ref::<hyper::Error>());
    error.and_then(h2_error).is_some_and(|error| {
        error.is_remote()
            && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
    })
}

fn h2_error(error: &hyper::Error) -> Option<&h2::Error> {
    error.source()?.downcast_ref()
}

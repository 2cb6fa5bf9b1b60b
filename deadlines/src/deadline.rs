//! A deadline, and what ends a call at it.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, Response};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, StreamBody};
use launcher::transcript;
use tokio::time::{Instant, timeout_at};
use tonic::{Request, Status, body::Body};

/// The point in time at which a call ends. A timeout would start again wherever it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    pub(crate) fn after(start: Instant, timeout: Duration) -> Self {
        // A header may say 11,000 years. Not every clock can represent that, and `+` would panic.
        Self(start + timeout.min(Duration::from_secs(365 * 24 * 60 * 60)))
    }

    /// The deadline of the call that sent this request. The server's layer has put it there.
    pub(crate) fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        let deadline = request.extensions().get().copied();
        deadline.ok_or_else(|| Status::internal("the server has no layer for deadlines"))
    }

    pub(crate) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Fails if less time is left than some work takes. The client would not get the result.
    pub(crate) fn require(self, time: Duration) -> Result<(), Status> {
        let left = self.left();
        let late = || Status::deadline_exceeded(format!("{time:?} needed, {left:.1?} left"));
        if left < time { Err(late()) } else { Ok(()) }
    }

    /// Waits for a part of a call. At the deadline it drops the part, and returns `None`.
    ///
    /// A future that is dropped never continues. So this ends a method at its `.await`, and with it the calls
    /// that the method waits for.
    async fn limit<T>(self, part: impl Future<Output = T>) -> Option<T> {
        let mut part = pin!(part);
        // tonic has a timer for `grpc-timeout`, too, and ends the call with CANCELLED. This looks at the
        // clock before and after each step, so it does not matter which timer is first.
        let part = poll_fn(|context| match self.left() {
            Duration::ZERO => Poll::Ready(None),
            _ => part.as_mut().poll(context).map(Some),
        });
        timeout_at(self.0, part).await.ok().flatten().filter(|_| !self.left().is_zero())
    }
}

/// Waits for a response. If the deadline comes before the end of the response, its status is
/// DEADLINE_EXCEEDED, whatever else arrives then.
pub(crate) async fn limit<E>(
    response: impl Future<Output = Result<Response<Body>, E>>,
    guard: Guard,
) -> Result<Response<Body>, E> {
    let exceeded = || Status::deadline_exceeded("the deadline has passed");
    let trailers = move || {
        let mut trailers = HeaderMap::new();
        exceeded().add_header(&mut trailers)?;
        Ok(Frame::trailers(trailers))
    };
    match guard.deadline.limit(response).await {
        Some(response) => Ok(response?.map(|body| limit_body(body, guard, trailers))),
        None => Ok(exceeded().into_http()),
    }
}

/// The same body, but at the deadline it ends with the frame that `last` makes.
pub(crate) fn limit_body(
    body: Body,
    mut guard: Guard,
    last: impl Fn() -> Result<Frame<Bytes>, Status> + Copy + Send + 'static,
) -> Body {
    if body.is_end_stream() {
        guard.method.clear();
        return body;
    }
    Body::new(StreamBody::new(stream::unfold(Some((body, guard)), move |state| async move {
        let (mut body, mut guard) = state?;
        let Some(frame) = guard.deadline.limit(body.frame()).await else {
            // This drops the body, and with it the stream that a method has returned.
            return Some((last(), None));
        };
        if matches!(&frame, Some(Ok(frame)) if frame.is_data()) {
            return Some((frame?, Some((body, guard))));
        }
        guard.method.clear();
        Some((frame?, None))
    })))
}

/// Logs a call of a server that ends before its response is complete.
///
/// When a client cancels, nothing is called. tonic drops what it has of the call, and `drop` is the only place
/// to notice it. Go has `ctx.Done()` for that, and Java `Context.CancellationListener`.
pub(crate) struct Guard {
    pub(crate) deadline: Deadline,
    /// Empty if there is nothing to log.
    pub(crate) method: String,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.method.is_empty() {
            let left = self.deadline.left();
            transcript!(server, "{}: stopped with {left:.1?} left", self.method);
        }
    }
}

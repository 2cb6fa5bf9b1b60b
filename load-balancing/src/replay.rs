//! A request body that can be sent again.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use tonic::{Status, body::Body};

/// Keeps what is sent of a body, up to a limit, so that another attempt can send it again and then
/// go on from there: the body of a stream may not be at its end yet.
#[derive(Clone)]
pub(crate) struct Replay(Arc<Mutex<Shared>>);

struct Shared {
    body: Body,
    /// What has been sent, while all of it is still here.
    kept: Option<Vec<Bytes>>,
    size: usize,
    limit: usize,
    /// How many attempts there were. The body belongs to the last.
    attempts: usize,
}

impl Replay {
    /// Keeps up to `limit` bytes of `body`.
    pub(crate) fn new(body: Body, limit: usize) -> Self {
        let kept = Some(Vec::new());
        Self(Arc::new(Mutex::new(Shared { body, kept, size: 0, limit, attempts: 0 })))
    }

    /// The body from its start, for the next attempt. The attempt before gets no more of it.
    pub(crate) fn attempt(&self) -> Body {
        let number = {
            let mut shared = lock(&self.0);
            shared.attempts += 1;
            shared.attempts
        };
        Body::new(Attempt { shared: Arc::clone(&self.0), number, next: 0 })
    }

    /// Whether another attempt could send all of it.
    pub(crate) fn is_whole(&self) -> bool {
        lock(&self.0).kept.is_some()
    }

    /// Keeps nothing any more: there will be no other attempt.
    pub(crate) fn commit(&self) {
        lock(&self.0).kept = None;
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    // A panic in the body that is polled in here ends the attempt; there is nothing to mend.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The body of one attempt.
struct Attempt {
    shared: Arc<Mutex<Shared>>,
    number: usize,
    /// How much of what is kept this attempt has sent.
    next: usize,
}

impl HttpBody for Attempt {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let mut shared = lock(&this.shared);
        if shared.attempts != this.number {
            return Poll::Ready(Some(Err(Status::cancelled("another attempt is under way"))));
        }
        if let Some(data) = shared.kept.as_ref().and_then(|kept| kept.get(this.next)) {
            this.next += 1;
            return Poll::Ready(Some(Ok(Frame::data(data.clone()))));
        }
        let frame = ready!(Pin::new(&mut shared.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame {
            this.next += 1;
            shared.keep(frame);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        let shared = lock(&self.shared);
        let kept = shared.kept.as_ref().map_or(0, Vec::len);
        self.next >= kept && shared.body.is_end_stream()
    }
}

impl Shared {
    fn keep(&mut self, frame: &Frame<Bytes>) {
        let Some(kept) = &mut self.kept else { return };
        // A gRPC request has no trailers. Should one have, it is not repeated.
        match frame.data_ref() {
            Some(data) if self.size + data.len() <= self.limit => {
                self.size += data.len();
                // A reference to the bytes, not a copy.
                kept.push(data.clone());
            }
            _ => self.kept = None,
        }
    }
}

//! A request body that can be sent again.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
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
    /// What has been sent.
    kept: Vec<Bytes>,
    size: usize,
    limit: usize,
    /// All that has been sent is kept, and another attempt is possible.
    whole: bool,
    /// The number of the attempt that the body belongs to.
    attempt: usize,
    /// The attempt that waits for the body.
    waiting: Option<Waker>,
}

impl Replay {
    /// Keeps up to `limit` bytes of `body`.
    pub(crate) fn new(body: Body, limit: usize) -> Self {
        let kept = Vec::new();
        let shared =
            Shared { body, kept, size: 0, limit, whole: true, attempt: 0, waiting: None };
        Self(Arc::new(Mutex::new(shared)))
    }

    /// The body, from its start, for this attempt.
    pub(crate) fn body(&self) -> Body {
        let number = lock(&self.0).attempt;
        Body::new(Attempt { shared: Arc::clone(&self.0), number, next: 0 })
    }

    /// Takes the body away from the attempt that has it, for another. Returns whether all of it can
    /// be sent again.
    pub(crate) fn take_back(&self) -> bool {
        let mut shared = lock(&self.0);
        if !shared.whole {
            return false;
        }
        shared.attempt += 1;
        let old = shared.waiting.take();
        drop(shared);
        if let Some(old) = old {
            // It finds out that it is over. Otherwise it would wait as long as its connection lasts.
            old.wake();
        }
        true
    }

    /// Keeps no more: there will be no other attempt.
    pub(crate) fn commit(&self) {
        lock(&self.0).whole = false;
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    // A panic in the body that is polled in here ends the attempt. There is nothing to mend.
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
        if shared.attempt != this.number {
            return Poll::Ready(Some(Err(Status::cancelled("another attempt is under way"))));
        }
        // Also when it is committed: this attempt may have begun with the others' part.
        if let Some(data) = shared.kept.get(this.next) {
            this.next += 1;
            return Poll::Ready(Some(Ok(Frame::data(data.clone()))));
        }
        match Pin::new(&mut shared.body).poll_frame(context) {
            Poll::Ready(frame) => {
                if let Some(Ok(frame)) = &frame {
                    this.next += 1;
                    shared.keep(frame);
                }
                Poll::Ready(frame)
            }
            Poll::Pending => {
                shared.waiting = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let shared = lock(&self.shared);
        self.next >= shared.kept.len() && shared.body.is_end_stream()
    }
}

impl Shared {
    fn keep(&mut self, frame: &Frame<Bytes>) {
        // A gRPC request has no trailers. Should one have, it is not repeated.
        let size =
            frame.data_ref().map_or(usize::MAX, |data| data.len().saturating_add(self.size));
        self.whole &= size <= self.limit;
        match frame.data_ref() {
            Some(data) if self.whole => {
                self.size = size;
                // A reference to the bytes, not a copy.
                self.kept.push(data.clone());
            }
            _ => self.kept = Vec::new(),
        }
    }
}

//! Bodies that tell what goes through them, and let it through as it is.
//!
//! A body is a stream of frames: data, and at the end perhaps trailers. Each frame is looked at
//! and handed on, the same one, at once: nothing is collected, copied or held back.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tonic::{Status, body::Body};

use crate::{
    call_log::{Call, End, Event},
    ending::{Ending, code},
    messages::Messages,
};

/// The request's body: the client's messages.
pub struct RequestBody {
    inner: Body,
    messages: Messages,
    call: Arc<Call>,
}

impl RequestBody {
    pub(crate) fn new(inner: Body, call: Arc<Call>) -> Self {
        Self { inner, messages: Messages::default(), call }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            this.messages.read(data, |message| this.call.tell(Event::Request(message)));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The response's body: the server's messages, and the status behind them.
pub struct ResponseBody {
    inner: Body,
    messages: Messages,
    ending: Ending,
}

impl ResponseBody {
    pub(crate) fn new(inner: Body, ending: Ending) -> Self {
        let mut body = Self { inner, messages: Messages::default(), ending };
        body.miss_the_status(body.inner.is_end_stream());
        body
    }

    /// Where nothing comes any more and there was no status, there will be none.
    fn miss_the_status(&mut self, at_end: bool) {
        if at_end {
            self.ending.tell(End::Failed("there was no status".into()));
        }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    let call = this.ending.call();
                    this.messages.read(data, |message| call.tell(Event::Response(message)));
                } else if let Some(code) = frame.trailers_ref().and_then(code) {
                    this.ending.tell(End::Status(code));
                }
            }
            Some(Err(error)) => this.ending.failed(error),
            None => {}
        }
        // A body that says that it is at its end is not asked for more.
        this.miss_the_status(frame.is_none() || this.inner.is_end_stream());
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

//! Bodies that tell what goes through them, and let it through as it is.
//!
//! A body is a stream of frames: data, and at the end perhaps trailers. Each frame is looked at
//! and handed on, the same one, at once: nothing is collected, copied or held back.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tonic::{Code, Status, body::Body};

use crate::{
    call_log::{Call, Event},
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
        Self { inner, messages: Messages::default(), ending }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Self { inner, messages, ending } = self.get_mut();
        let frame = ready!(Pin::new(inner).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    messages.read(data, |message| ending.call.tell(Event::Response(message)));
                } else if let Some(code) = frame.trailers_ref().and_then(code) {
                    ending.ended(code);
                }
            }
            Some(Err(error)) => ending.failed(error),
            None => ending.failed("there was no status"),
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

/// The code of a status in trailers, or in headers where an answer has nothing else.
///
/// Not with tonic's `Status::from_header_map`, which reads the details too, and panics over some
/// that are broken.
pub(crate) fn code(headers: &HeaderMap) -> Option<Code> {
    headers.get("grpc-status").map(|code| Code::from_bytes(code.as_bytes()))
}

/// Sees to it that a call's end is told once, whichever end it comes to.
pub(crate) struct Ending {
    call: Arc<Call>,
    told: bool,
}

impl Ending {
    pub(crate) fn new(call: Arc<Call>) -> Self {
        Self { call, told: false }
    }

    pub(crate) fn ended(&mut self, code: Code) {
        self.tell(Event::Ended(code));
    }

    pub(crate) fn failed(&mut self, reason: impl fmt::Display) {
        self.tell(Event::Failed(reason.to_string()));
    }

    fn tell(&mut self, event: Event) {
        if !self.told {
            self.told = true;
            self.call.tell(event);
        }
    }
}

/// Dropped without an end: nobody waits for one any more.
impl Drop for Ending {
    fn drop(&mut self) {
        self.tell(Event::Cancelled);
    }
}

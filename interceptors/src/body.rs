//! A body that logs the messages that pass through it, and the end of a call.
//!
//! A body is a stream of frames: data, and perhaps trailers at the end. This one looks at each frame
//! and returns the same frame at once. It collects, copies and delays nothing.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use launcher::root_cause;
use tokio::time::Instant;
use tonic::{Code, Status, body::Body};
use wire::prefix::Lengths;

/// Receives each line of a log as soon as it happens. It must not block.
pub(crate) type Log = dyn Fn(fmt::Arguments<'_>) + Send + Sync;

/// Logs the end of a call exactly once.
pub(crate) struct Ending {
    log: Arc<Log>,
    started: Instant,
    logged: bool,
}

impl Ending {
    pub(crate) fn new(log: Arc<Log>) -> Self {
        Self { log, started: Instant::now(), logged: false }
    }

    /// Logs the end, unless the call has ended already.
    pub(crate) fn log(&mut self, end: fmt::Arguments<'_>) {
        if !self.logged {
            self.logged = true;
            (self.log)(format_args!("{end} after {:.1?}", self.started.elapsed()));
        }
    }
}

/// A call that is cancelled is simply dropped. So a drop without an end is an end.
impl Drop for Ending {
    fn drop(&mut self) {
        self.log(format_args!("is cancelled"));
    }
}

/// A body around the body of a request or a response.
pub(crate) struct LoggedBody {
    inner: Body,
    log: Arc<Log>,
    /// "sent" or "received".
    verb: &'static str,
    messages: u64,
    /// Finds the messages in the data, wherever HTTP/2 has cut them.
    lengths: Lengths,
    /// Only a response has one, because a call ends with its response.
    ending: Option<Ending>,
}

impl LoggedBody {
    pub(crate) fn new(
        inner: Body,
        log: Arc<Log>,
        verb: &'static str,
        ending: Option<Ending>,
    ) -> Self {
        let mut body =
            Self { inner, log, verb, messages: 0, lengths: Lengths::default(), ending };
        if body.is_end_stream() {
            body.end(format_args!("fails: there was no status"));
        }
        body
    }

    fn read(&mut self, data: &[u8]) {
        // This fails if the data is not a message. The decoder will report that, so the log need not.
        let _ = self.lengths.read(data, |prefix| {
            self.messages += 1;
            let compressed = if prefix.compressed { ", compressed" } else { "" };
            (self.log)(format_args!(
                "{} message {} ({} bytes{compressed})",
                self.verb, self.messages, prefix.length
            ));
        });
    }

    fn end(&mut self, end: fmt::Arguments<'_>) {
        if let Some(ending) = &mut self.ending {
            ending.log(end);
        }
    }
}

// tonic reads a body with `poll_frame`. It is like `RecvMsg` of a stream in Go, but it must not block.
// `Poll::Ready` has the next frame. `Poll::Pending` means that there is none yet, and that the task in
// `context` will be woken when there is one; `ready!` passes it on to our caller.
// `Pin<&mut Self>` promises that the body will not be moved in memory any more. The futures of `async`
// code need this, because they may refer to themselves. This body does not, so `get_mut` undoes the pin.
impl HttpBody for LoggedBody {
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
                    this.read(data);
                } else if let Some(code) = frame.trailers_ref().and_then(code_name) {
                    this.end(format_args!("ends with {code}"));
                }
            }
            Some(Err(error)) => this.end(format_args!("fails: {}", root_cause(error))),
            None => {}
        }
        // A body whose `is_end_stream` is true is not polled again.
        if frame.is_none() || this.inner.is_end_stream() {
            this.end(format_args!("fails: there was no status"));
        }
        Poll::Ready(frame)
    }

    // The trait has defaults for these two, so they are easy to forget. Without them a response of
    // headers only is sent as headers and an empty DATA frame, and some clients do not accept that.
    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The status code in trailers, or in the headers of a response that has nothing else. tonic's
/// `Status::from_header_map` decodes the details too, and panics if they are malformed.
pub(crate) fn code_name(headers: &HeaderMap) -> Option<String> {
    let code = headers.get("grpc-status")?;
    Some(launcher::code_name(Code::from_bytes(code.as_bytes())))
}

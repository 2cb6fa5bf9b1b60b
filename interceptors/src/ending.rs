//! The end of a call: told once, whichever it is.

use std::{error::Error, sync::Arc};

use http::HeaderMap;
use tonic::Code;

use crate::call_log::{Call, End, Event};

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

    pub(crate) fn call(&self) -> &Call {
        &self.call
    }

    pub(crate) fn failed(&mut self, error: &(dyn Error + 'static)) {
        self.tell(End::Failed(launcher::root_cause(error).to_string()));
    }

    /// Tells the end, if it is the first.
    pub(crate) fn tell(&mut self, end: End) {
        if !self.told {
            self.told = true;
            self.call.tell(Event::Ended(end));
        }
    }
}

/// Dropped without an end: that is one too.
impl Drop for Ending {
    fn drop(&mut self) {
        self.tell(End::Cancelled);
    }
}

//! A call's status, as it travels: in the trailers `grpc-status` and `grpc-message`.

use std::fmt;

use http::{HeaderMap, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};

use crate::framing::Malformed;

/// The codes, by their numbers (grpc/grpc, `doc/statuscodes.md`).
const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// The number of OK.
pub const OK: u8 = 0;
/// The number of CANCELLED.
pub const CANCELLED: u8 = 1;
/// The number of UNKNOWN.
pub const UNKNOWN: u8 = 2;
/// The number of INVALID_ARGUMENT.
pub const INVALID_ARGUMENT: u8 = 3;
/// The number of DEADLINE_EXCEEDED.
pub const DEADLINE_EXCEEDED: u8 = 4;
/// The number of NOT_FOUND.
pub const NOT_FOUND: u8 = 5;
/// The number of PERMISSION_DENIED.
pub const PERMISSION_DENIED: u8 = 7;
/// The number of RESOURCE_EXHAUSTED.
pub const RESOURCE_EXHAUSTED: u8 = 8;
/// The number of UNIMPLEMENTED.
pub const UNIMPLEMENTED: u8 = 12;
/// The number of INTERNAL.
pub const INTERNAL: u8 = 13;
/// The number of UNAVAILABLE.
pub const UNAVAILABLE: u8 = 14;
/// The number of UNAUTHENTICATED.
pub const UNAUTHENTICATED: u8 = 16;

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The number of its code.
    pub code: u8,
    /// A text for developers, which may be empty.
    pub message: String,
}

/// What `grpc-message` cannot hold as it is: a header's value is ASCII that can be printed, with no space
/// at either end, and `%` starts what is encoded.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

impl Status {
    /// A status with a message.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Reads the status out of trailers. A code that is missing or no number is UNKNOWN.
    #[must_use]
    pub fn read(trailers: &HeaderMap) -> Self {
        let text = |name| trailers.get(name).map(HeaderValue::as_bytes);
        let Some(code) = text("grpc-status") else {
            return Self::new(UNKNOWN, "the response has no grpc-status");
        };
        let code = std::str::from_utf8(code).ok().and_then(|code| code.parse().ok());
        // What is no UTF-8 after all is shown as far as it goes.
        let message = percent_decode(text("grpc-message").unwrap_or_default());
        Self::new(code.unwrap_or(UNKNOWN), message.decode_utf8_lossy())
    }

    /// Writes it as trailers.
    #[must_use]
    pub fn trailers(&self) -> HeaderMap {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", u64::from(self.code).into());
        let message = utf8_percent_encode(&self.message, ENCODED).to_string();
        // It is printable ASCII now, and nothing else can be wrong with it.
        if let Ok(message) = HeaderValue::try_from(message)
            && !message.is_empty()
        {
            trailers.insert("grpc-message", message);
        }
        trailers
    }
}

impl From<Malformed> for Status {
    fn from(error: Malformed) -> Self {
        let too_long = matches!(error, Malformed::TooLong(_));
        Self::new(if too_long { RESOURCE_EXHAUSTED } else { INTERNAL }, error.to_string())
    }
}

/// The same, as the launcher knows how to tell it.
impl From<Status> for tonic::Status {
    fn from(status: Status) -> Self {
        Self::new(tonic::Code::from_i32(status.code.into()), status.message)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.get(usize::from(self.code)) {
            Some(name) => formatter.write_str(name)?,
            None => write!(formatter, "code {}", self.code)?,
        }
        if self.message.is_empty() { Ok(()) } else { write!(formatter, ": {}", self.message) }
    }
}

impl std::error::Error for Status {}

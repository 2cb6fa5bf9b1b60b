//! How a call ended: the trailers `grpc-status` and `grpc-message`.

use std::{error, fmt};

use http::{HeaderMap, HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};

use crate::{
    code::{self, INTERNAL, RESOURCE_EXHAUSTED, UNKNOWN},
    prefix::Malformed,
};

/// A code and a message, as they go over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// One of the numbers in [`code`], or one that has no name yet.
    pub code: u8,
    /// A text for developers, which may be empty.
    pub message: String,
}

/// The characters that `grpc-message` cannot contain as they are. A header value is printable ASCII
/// without a space at either end, and `%` starts an encoded byte. Everything that is not ASCII is
/// encoded in any case.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

impl Status {
    /// A status with this code and message.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Reads the status from trailers.
    ///
    /// The code is [`UNKNOWN`] if `grpc-status` is missing or not a number. Bytes of `grpc-message` that
    /// are not UTF-8 are replaced and never fail: a bad message must not hide the code.
    #[must_use]
    pub fn from_trailers(trailers: &HeaderMap) -> Self {
        let bytes = |name| trailers.get(name).map(HeaderValue::as_bytes);
        let Some(code) = bytes("grpc-status") else {
            return Self::new(UNKNOWN, "the response has no grpc-status");
        };
        let code = std::str::from_utf8(code).ok().and_then(|code| code.parse().ok());
        let message = percent_decode(bytes("grpc-message").unwrap_or_default());
        Self::new(code.unwrap_or(UNKNOWN), message.decode_utf8_lossy())
    }

    /// Reads the status from the headers of a response, or returns `None` if it is still to come with
    /// the trailers.
    ///
    /// It comes with the headers if the call failed before its first message ("Trailers-Only"). A
    /// response that is not gRPC, such as a proxy's error page, gets a status that says so.
    #[must_use]
    pub fn from_headers(status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        if headers.contains_key("grpc-status") {
            return Some(Self::from_trailers(headers));
        }
        if status == StatusCode::OK && is_grpc(headers) {
            return None;
        }
        let message = format!("the response is not gRPC: HTTP status {status}");
        Some(Self::new(code::from_http(status), message))
    }

    /// Writes the status as trailers.
    #[must_use]
    pub fn to_trailers(&self) -> HeaderMap {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", u64::from(self.code).into());
        let message = utf8_percent_encode(&self.message, ENCODED).to_string();
        // Encoded, it is printable ASCII and thus always a valid value.
        if let Ok(message) = HeaderValue::try_from(message)
            && !message.is_empty()
        {
            trailers.insert("grpc-message", message);
        }
        trailers
    }
}

/// Whether the headers of a request or a response have a content type of gRPC: `application/grpc`,
/// perhaps followed by `+proto`, `+json` or parameters.
#[must_use]
pub fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get("content-type").map(HeaderValue::as_bytes);
    let rest = content_type.and_then(|value| value.strip_prefix(b"application/grpc"));
    matches!(rest, Some([] | [b'+' | b';', ..]))
}

impl From<Malformed> for Status {
    fn from(error: Malformed) -> Self {
        let too_long = matches!(error, Malformed::TooLong(_));
        Self::new(if too_long { RESOURCE_EXHAUSTED } else { INTERNAL }, error.to_string())
    }
}

/// `NOT_FOUND: product "no-such-id" does not exist`
impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match code::name(self.code) {
            Some(name) => formatter.write_str(name)?,
            None => write!(formatter, "code {}", self.code)?,
        }
        if self.message.is_empty() { Ok(()) } else { write!(formatter, ": {}", self.message) }
    }
}

impl error::Error for Status {}

//! The status codes by their numbers (grpc/grpc, `doc/statuscodes.md`).
//!
//! A code is a plain `u8` here, because a peer may send a number that has no name yet.

use http::StatusCode;

/// The call succeeded.
pub const OK: u8 = 0;
/// The caller cancelled the call.
pub const CANCELLED: u8 = 1;
/// The error has no further description.
pub const UNKNOWN: u8 = 2;
/// The request is wrong, whatever the state of the server.
pub const INVALID_ARGUMENT: u8 = 3;
/// The deadline passed before the call ended.
pub const DEADLINE_EXCEEDED: u8 = 4;
/// The requested thing does not exist.
pub const NOT_FOUND: u8 = 5;
/// The thing to be created already exists.
pub const ALREADY_EXISTS: u8 = 6;
/// The caller is known, and may not do this.
pub const PERMISSION_DENIED: u8 = 7;
/// A quota or a size limit is exceeded.
pub const RESOURCE_EXHAUSTED: u8 = 8;
/// The system is not in the state that the call needs.
pub const FAILED_PRECONDITION: u8 = 9;
/// A conflict with another call; the caller may start again.
pub const ABORTED: u8 = 10;
/// A position past the valid range.
pub const OUT_OF_RANGE: u8 = 11;
/// The server does not have this method.
pub const UNIMPLEMENTED: u8 = 12;
/// An invariant is broken: a bug in the server, the client or something in between.
pub const INTERNAL: u8 = 13;
/// The server cannot be reached at the moment; the caller may retry.
pub const UNAVAILABLE: u8 = 14;
/// Data is lost for good.
pub const DATA_LOSS: u8 = 15;
/// The caller has not proved who it is.
pub const UNAUTHENTICATED: u8 = 16;

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

/// The name of a code, such as `NOT_FOUND`, or `None` for a number that has none.
#[must_use]
pub fn name(code: u8) -> Option<&'static str> {
    NAMES.get(usize::from(code)).copied()
}

/// The code of a response without `grpc-status`, from its HTTP status (grpc/grpc,
/// `doc/http-grpc-status-mapping.md`).
///
/// Such a response comes from something that does not speak gRPC, for example a proxy that cannot
/// reach its backend. A response that has a `grpc-status` keeps it, whatever its HTTP status is. HTTP
/// status 200 is [`UNKNOWN`], because a gRPC server would have sent a `grpc-status`.
#[must_use]
pub fn from_http(status: StatusCode) -> u8 {
    match status.as_u16() {
        400 => INTERNAL,
        401 => UNAUTHENTICATED,
        403 => PERMISSION_DENIED,
        404 => UNIMPLEMENTED,
        429 | 502 | 503 | 504 => UNAVAILABLE,
        _ => UNKNOWN,
    }
}

/// The code of a call whose HTTP/2 stream was reset, from the error code in RST_STREAM ("gRPC over
/// HTTP2", section "Errors").
#[must_use]
pub fn from_reset(reason: u32) -> u8 {
    match reason {
        // REFUSED_STREAM: the server has not looked at the call, so the caller may retry.
        7 => UNAVAILABLE,
        // CANCEL
        8 => CANCELLED,
        // ENHANCE_YOUR_CALM: the peer asks for fewer frames.
        11 => RESOURCE_EXHAUSTED,
        // INADEQUATE_SECURITY
        12 => PERMISSION_DENIED,
        _ => INTERNAL,
    }
}

//! The tests of this example, one module per subject.

mod client;
mod headers;
mod interop;
mod log;
mod raw;
#[cfg(unix)]
mod readme;
mod request_id;
mod sizes;
mod trailers;
mod values;

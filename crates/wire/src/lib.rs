//! What gRPC puts on the wire, without any I/O.
//!
//! tonic does all of this for an ordinary client or server. This crate is for programs that look at a
//! call from outside, or make one without tonic: interceptors, load balancers, and the tools that
//! show what goes over a connection.
//!
//! - [`prefix`]: the five bytes in front of each message.
//! - [`timeout`]: the header `grpc-timeout`.
//! - [`code`]: the 17 status codes, and which of them stands for an HTTP status.
//! - [`status`]: a code and a message, in the trailers that end a call.
//! - [`decode`] and [`raw`]: a protobuf message, read without its definition.
//!
//! The source is "gRPC over HTTP2" (grpc/grpc, `doc/PROTOCOL-HTTP2.md`), unless a module names another.

pub mod code;
pub mod decode;
pub mod prefix;
pub mod raw;
pub mod status;
pub mod timeout;

//! The same call by hand (book, chapter 4): protobuf's bytes, the length prefix, HTTP/2.
//!
//! [`encode`] and [`decode`] are the message, [`framing`] its prefix, [`headers`] and [`status`] what
//! stands around it, and [`call`] a call made of them; [`by_hand`] answers one. [`frames`] and
//! [`watch`] tell what goes over a connection, which a [`tap`] hears, in the [`proxy`] that of others.
//! `README.md` is the chapter.

mod answer;
pub mod by_hand;
pub mod call;
pub mod client;
pub mod connection;
pub mod decode;
mod direction;
pub mod dump;
pub mod encode;
pub mod frames;
pub mod framing;
pub mod headers;
mod malformed;
pub mod proxy;
pub mod raw;
pub mod server;
pub mod status;
pub mod stub;
pub mod tap;
mod tell;
pub mod watch;

//! The same call by hand (book, chapter 4). Each file is one step:
//!
//! 1. `message`: a protobuf message, byte by byte.
//! 2. `prefix`: the five bytes in front of each message.
//! 3. `call`: headers, messages and trailers, which together are a call.
//! 4. `by_hand`: a server that answers such a call.
//!
//! `client` takes these steps and shows them. `server` is an ordinary server for it.

pub mod by_hand;
pub mod call;
pub mod client;
pub mod message;
pub mod prefix;
pub mod server;

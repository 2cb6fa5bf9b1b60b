//! Metadata: headers before the first message, trailers after the last one (book, chapter 5).
//!
//! [`server`] reads and writes metadata in the methods of a service. [`headers`] is a layer that adds
//! the same headers to every response, and gives every call an id. [`binary`] reads binary values.
//! [`client`] sends metadata and reads those of the response. `README.md` is the chapter.

pub mod binary;
pub mod client;
pub mod headers;
pub mod server;

//! Shows the calls on a plaintext HTTP/2 connection: headers, messages, and every frame if you like.
//!
//! There are two ways to use it.
//!
//! - As a program: `cargo run -p watch -- --to HOST:PORT` is a proxy in front of any gRPC server
//!   ([`proxy`]). It forwards every byte unchanged, and shows a decoded copy.
//! - In an example: a [`Tap`] around a client's socket shows the same lines between those of the
//!   transcript.
//!
//! ```text
//! client | HEADERS       stream 1 END_HEADERS length 98
//! client |   :path: /ecommerce.ProductInfo/getProduct
//! client | DATA          stream 1 END_STREAM length 13
//! client |   message of 8 bytes
//! client |     1: "watch"
//! ```
//!
//! `client` and `server` say who sent it. From the second connection on, a number says which connection it
//! was: `client 2`. On a terminal each stream has its own colour, and frames of the connection are dim.
//! Lines that come from this crate itself start with `watch`.
//!
//! A [`Watcher`] turns bytes into lines, without I/O. It needs every byte from the first one on, because
//! HPACK sends headers as references to earlier headers. If it cannot decode something, a line reports
//! that, and the watcher goes on with the rest.

mod frame;
pub mod proxy;
mod tap;
mod watcher;

pub use tap::Tap;
pub use watcher::{Line, Side, View, Watcher};

//! Detecting a peer that has gone away (book, chapter 5).
//!
//! [`client`] and [`server`] send PINGs, and give up a connection whose other side does not answer.
//! [`tour`] puts a network between them that goes silent. `README.md` is the chapter.

pub mod client;
pub mod server;
pub mod tour;

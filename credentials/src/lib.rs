//! Who is calling, and what may they do? (Book, chapter 6.)
//!
//! [`verify`] checks passwords and tokens, and [`layer`] puts that in front of a service. [`per_call`] is
//! the client's half, which sends credentials only over TLS. `README.md` is the chapter.

pub mod client;
pub mod layer;
pub mod per_call;
pub mod server;
pub mod verify;

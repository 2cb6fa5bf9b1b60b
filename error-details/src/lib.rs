//! Errors that a program can act on (book, chapter 5).
//!
//! A status is a code and a message for developers. Programs get the rest in *details*: messages of
//! `google.rpc`, which every language of gRPC can read.
//!
//! On the server's side, [`errors`] lists the errors as an enum and makes statuses of them.
//! [`check`] finds most of them, [`language`] chooses the language for the user, and [`server`] is
//! the service. On the client's side, [`client`] acts on each error.
//! `README.md` is the chapter.

pub mod check;
pub mod client;
pub mod errors;
pub mod language;
pub mod server;

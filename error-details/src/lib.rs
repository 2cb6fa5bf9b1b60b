//! Status codes, and errors that a program can act on (book, chapter 5).
//!
//! A status is a code and a message for developers. What a program needs to know beside the code,
//! it gets in *details*: messages of `google.rpc`, which every language of gRPC reads.
//!
//! On the server's side, what can go wrong is an enum, [`order_error`], and becomes a status in
//! one place there. [`check`], [`quota`] and [`store`] are where it goes wrong, [`language`] is
//! what the user reads, and [`server`] is the service. On the client's side, [`client`] acts on
//! the errors, [`retry`] waits as long as it is told to, and [`guard`] keeps broken details away.
//! `README.md` is the chapter.

pub mod check;
pub mod client;
pub mod guard;
pub mod language;
pub mod order_error;
pub mod quota;
pub mod retry;
pub mod server;
pub mod store;

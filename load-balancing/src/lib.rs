//! One channel, many backends (book, chapter 5): a gRPC channel in parts, each under its own name.
//!
//! [`resolver`] finds the addresses of a [`target`]; a [`subchannel`] keeps the connection to one of
//! them; a [`policy`] says which of them each call takes; and the [`channel`] is what a generated
//! client calls. [`pick_first`], [`round_robin`] and [`least_request`] are policies. [`retries`] and
//! [`health`] are added from outside, and can be left for later. `README.md` is the chapter.

pub mod client;
pub mod health;
pub mod in_process;
pub mod least_request;
pub mod load;
mod replay;
pub mod retries;
pub mod server;
pub mod stub;
pub mod tally;
pub mod tour;

//! One channel, many backends (book, chapter 5): a gRPC channel in parts, each under its own name.
//!
//! [`resolver`] finds the addresses of a [`target`]; a [`subchannel`] keeps the connection to one of
//! them; a [`policy`] says which of them each call takes; and the [`channel`] is what a generated
//! client calls. [`pick_first`], [`round_robin`] and [`least_request`] are policies. [`retries`] and
//! [`health`] are added from outside, and can be left for later. `README.md` is the chapter.

pub mod backoff;
mod balancer;
pub mod builder;
pub mod channel;
pub mod client;
pub mod connection;
mod deadline;
pub mod handshake;
pub mod health;
pub mod in_process;
pub mod least_request;
pub mod load;
pub mod pick_first;
pub mod policy;
mod replay;
pub mod resolver;
pub mod response;
pub mod retries;
pub mod round_robin;
pub mod server;
pub mod state;
pub mod stub;
pub mod subchannel;
pub mod tally;
pub mod target;
pub mod tour;

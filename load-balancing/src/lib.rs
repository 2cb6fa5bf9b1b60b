//! One channel, many backends (book, chapter 5, "Load Balancing").
//!
//! A gRPC connection is sticky: all calls of a channel go to one backend, as long as the connection
//! lasts. [`client`] shows the ways out: a channel that connects to every backend, with a policy
//! that picks one for each call. [`least_request`] is a policy of our own, [`stub`] has tonic's own
//! way for comparison, and [`tour`] runs them side by side. `README.md` is the chapter.

pub mod client;
pub mod least_request;
pub mod server;
pub mod stub;
mod tally;
pub mod tour;

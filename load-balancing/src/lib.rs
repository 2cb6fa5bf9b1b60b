//! One channel, many backends.

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

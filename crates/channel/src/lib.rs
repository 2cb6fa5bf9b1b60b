//! A client channel made of gRPC's own parts, each under gRPC's own name.
//!
//! A [`Resolver`] finds the addresses of a target. A [`Subchannel`] keeps the connection to one of
//! them. A [`Policy`] decides which of them each call uses. A generated client calls the
//! [`Channel`]. `README.md` explains how they work together.

mod backoff;
mod balancer;
mod channel;
mod connection;
mod deadline;
mod load;
mod policy;
mod resolver;
mod response;
mod subchannel;
mod target;

pub use backoff::Backoff;
pub use channel::{Builder, Channel, WaitForReady};
pub use connection::{Connection, Keepalive, Stream, handshake};
pub use deadline::Deadline;
pub use load::load;
pub use policy::{Pick, PickFirst, Picker, Policy, RoundRobin, not_ready, ready};
pub use resolver::{Dns, Resolver};
pub use response::{ResponseBody, is_refused};
pub use subchannel::{Readiness, State, Subchannel};
pub use target::Names;

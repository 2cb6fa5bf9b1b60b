//! A client channel made of gRPC's own parts, each under its own name.
//!
//! A [`Resolver`] finds the addresses of a target. A [`Subchannel`] keeps the connection to one of
//! them. A [`Policy`] decides which of them each call uses. The [`Channel`] is what a generated
//! client calls.

mod backoff;
mod balancer;
mod builder;
mod channel;
mod connection;
mod deadline;
mod handshake;
mod pick_first;
mod policy;
mod resolver;
mod response;
mod round_robin;
mod state;
mod subchannel;
mod target;

pub use backoff::Backoff;
pub use builder::Builder;
pub use channel::{Channel, WaitForReady};
pub use connection::{Connection, Failed};
pub use deadline::Deadline;
pub use handshake::{Stream, handshake};
pub use pick_first::PickFirst;
pub use policy::{Pick, Picker, Policy, not_ready, ready};
pub use resolver::{Dns, Resolver};
pub use response::{ResponseBody, is_refused};
pub use round_robin::RoundRobin;
pub use state::{Failure, Readiness, State};
pub use subchannel::Subchannel;
pub use target::Names;

//! The health protocol, a probe, and a graceful end (book, chapter 8).
//!
//! [`registry`] is the service `grpc.health.v1.Health` over a status for each service. [`server`]
//! serves it beside `ProductInfo`, lets the status follow a [`dependency`], and ends so that no
//! call is lost. [`client`] asks and watches, and [`probe`] is what Kubernetes runs.
//! `README.md` is the chapter.

mod arguments;
pub mod client;
mod connection;
pub mod dependency;
pub mod probe;
pub mod registry;
pub mod server;

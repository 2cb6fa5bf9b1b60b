//! The health protocol, a probe, and a graceful end (book, chapter 8).
//!
//! [`registry`] implements the service `grpc.health.v1.Health`. [`server`] serves it next to
//! `ProductInfo`, lets a status follow a database, and ends so that no call is lost. [`client`] asks
//! and watches. [`serving`] lets a channel avoid backends that are not healthy, and [`probe`] is the
//! program that Kubernetes runs. `README.md` is the chapter.

pub mod client;
pub mod probe;
pub mod registry;
pub mod server;
pub mod serving;

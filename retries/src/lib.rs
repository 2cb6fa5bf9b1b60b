//! No call lost when a backend is killed, drained or hangs.
//!
//! [`retries`] decides which calls may be repeated, and repeats them. [`client`] uses it together
//! with keepalive and wait-for-ready, and [`tour`] runs it while a backend dies.

pub mod client;
pub mod retries;
pub mod tour;

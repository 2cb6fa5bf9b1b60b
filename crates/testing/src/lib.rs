//! Helpers for the tests of the examples: a channel without a port, a server on a free port, an
//! example as a process, and a check that a README is right.
//!
//! No example needs this crate to run. Only `cargo test` builds it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod excerpt;
mod in_memory;
mod later;
pub mod network;
#[cfg(unix)]
mod normalize;
mod order;
mod process;
#[cfg(unix)]
mod readme;
mod start;
mod wait_for_both;

pub use excerpt::{blocks, check_excerpts, exercises};
pub use in_memory::in_memory;
pub use later::call_later;
pub use order::order;
pub use process::{Ended, Process, closed_addr, python};
#[cfg(unix)]
pub use readme::check_readme;
pub use start::start;
pub use wait_for_both::wait_for_both;

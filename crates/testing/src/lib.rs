//! What the tests of the examples share: a channel without a port, an example as a process, and
//! a check that a README says what happens.
//!
//! No example needs this crate to run; only `cargo test` builds it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

mod excerpt;
mod in_memory;
mod later;
pub mod network;
mod process;
#[cfg(unix)]
mod readme;
#[cfg(unix)]
mod timeless;
mod together;

pub use excerpt::{blocks, check_excerpts, exercises};
pub use in_memory::in_memory;
pub use later::call_later;
pub use process::{Ended, Process, deaf_addr, python};
#[cfg(unix)]
pub use readme::check_readme;
pub use together::together;

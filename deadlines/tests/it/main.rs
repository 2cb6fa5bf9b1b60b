//! The tests of this example, one module per subject.

#![allow(clippy::unchecked_time_subtraction, reason = "a panic is how a test fails")]

mod cancellation;
mod client;
mod helper;
mod interop;
mod load;
#[cfg(unix)]
mod process;
mod propagation;
#[cfg(unix)]
mod readme;
mod server;
mod streams;
mod tap;
mod translation;

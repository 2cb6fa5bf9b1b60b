//! The tests of this example, one module per subject.

mod bomb;
mod client;
mod counter;
mod guess;
mod interop;
mod limits;
mod process;
mod raw;
#[cfg(unix)]
mod readme;
mod server;
mod streams;

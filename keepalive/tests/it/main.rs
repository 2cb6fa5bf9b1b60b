//! The tests of this example, one module per subject.

mod age;
mod client;
mod echoes;
mod idle;
mod interop;
mod lost;
mod memory;
mod process;
#[cfg(unix)]
mod readme;
mod server;

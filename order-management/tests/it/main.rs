//! The tests of this example, one module per subject.

mod client;
mod contract;
mod flow;
mod gone;
mod interop;
mod load;
mod panics;
#[cfg(unix)]
mod readme;
mod windows;

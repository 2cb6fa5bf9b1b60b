//! The tests of this example, one module per subject.

mod contract;
#[cfg(unix)]
mod interop;
mod limit;
mod memory;
#[cfg(unix)]
mod readme;
mod sharing;
mod windows;
mod wire;

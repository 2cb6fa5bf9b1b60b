//! The tests of this example, one module per subject.

mod contract;
#[cfg(unix)]
mod faults;
mod interop;
mod mock;
mod process;
#[cfg(unix)]
mod readme;
#[cfg(unix)]
mod shutdown;

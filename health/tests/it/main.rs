//! The tests of this example, in one program.

mod client;
mod manifests;
mod probe;
mod protocol;
mod readiness;
#[cfg(unix)]
mod readme;
mod real;
mod servers;
mod serving;
#[cfg(unix)]
mod shutdown;
#[cfg(unix)]
mod signals;

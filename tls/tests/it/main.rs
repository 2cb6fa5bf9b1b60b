//! The tests of this example, one module per subject.

mod authority;
mod certs;
mod connections;
mod handshake;
mod identity;
#[cfg(unix)]
mod interop;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod readme;
mod running;

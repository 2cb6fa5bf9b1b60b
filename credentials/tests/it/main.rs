//! The tests of this example, one module per subject.

mod attempts;
mod forge;
#[cfg(unix)]
mod interop;
mod issuer;
mod layer;
mod plaintext;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod readme;
mod server;

//! The tests of this example, in one program.

mod client;
mod details;
mod interop;
mod language;
mod limits;
#[cfg(unix)]
mod readme;
mod strangers;
mod waiting;

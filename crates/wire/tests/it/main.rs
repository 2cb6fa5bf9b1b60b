//! The tests of this crate, a module for each of its own.

mod code;
mod decode;
mod prefix;
mod status;
mod timeout;

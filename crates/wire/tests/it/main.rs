//! The tests of this crate, with a test module for each of its modules.

mod code;
mod decode;
mod prefix;
mod status;
mod timeout;

//! The tests of this example, one module per subject.

mod auth;
mod body;
mod client;
mod endings;
mod interop;
mod logs;
mod patterns;
#[cfg(unix)]
mod readme;

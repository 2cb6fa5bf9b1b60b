//! Tests of the example.

mod interop;
mod load;
mod lost;
mod network;
mod policy;
mod process;
mod readme;
mod scripted;

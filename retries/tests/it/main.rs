//! What the example promises.

mod interop;
mod load;
mod lost;
mod network;
mod policy;
mod process;
mod readme;
mod scripted;

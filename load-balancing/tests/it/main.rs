//! What the example promises.

mod least_request;
mod process;
mod proxy;
mod readme;

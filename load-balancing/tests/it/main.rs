//! Tests of the example.

mod least_request;
mod process;
mod proxy;
mod readme;

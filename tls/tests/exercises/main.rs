//! The exercises of the README, a file for each. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p tls --test exercises -- --ignored exercise_1
//! ```

mod client;
mod new_ca;
#[cfg(unix)]
mod renewal;
mod trust_domain;

//! The exercises of the README, a file for each. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p multiplexing --test exercises -- --ignored exercise_1
//! ```

#[cfg(unix)]
mod chosen;
#[path = "../it/memory.rs"]
#[allow(dead_code, reason = "the exercises do not need all of it")]
mod memory;
mod smaller_limit;
mod unknown;

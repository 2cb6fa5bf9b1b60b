//! The exercises of the README, a file for each. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p compression --test exercises -- --ignored exercise_1
//! ```

mod limit;
#[path = "../it/raw.rs"]
mod raw;
mod small;
mod zstd;

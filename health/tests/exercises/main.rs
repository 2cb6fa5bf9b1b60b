//! The exercises of the README, one file each. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p health --test exercises -- --ignored exercise_1
//! ```

mod callers;
mod removed;
mod waiting;

//! The exercises of the README, each in a file. A test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p health --test exercises -- --ignored exercise_1
//! ```

mod callers;
mod taken_away;
mod waiting;

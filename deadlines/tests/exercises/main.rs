//! The exercises of the README, a file for each. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p deadlines --test exercises -- --ignored exercise_1
//! ```

#![allow(clippy::unchecked_time_subtraction, reason = "a panic is how a test fails")]

mod automatic;
mod bounded_writes;
mod time_to_answer;

//! The exercises of the README, a file for each. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p metadata --test exercises -- --ignored exercise_1
//! ```

mod echo;
mod log;
mod shipments;

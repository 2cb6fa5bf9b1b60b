//! The exercises of the README, a file for each. Its tests fail until it is solved:
//!
//! ```text
//! cargo test -p under-the-hood --test exercises -- --ignored exercise_1
//! ```

mod alive;
mod count;
mod negative;

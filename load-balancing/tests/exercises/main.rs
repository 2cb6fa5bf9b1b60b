//! The exercises of the README, a file for each. Its tests fail until it is solved:
//!
//! ```text
//! cargo test -p load-balancing --test exercises -- --ignored exercise_1
//! ```

mod chance;
mod schemes;

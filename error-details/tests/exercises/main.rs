//! The exercises of the README, one file each. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p error-details --test exercises -- --ignored exercise_1
//! ```

mod back_off;
mod description;
mod german;

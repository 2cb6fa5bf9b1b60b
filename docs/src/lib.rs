//! What belongs to no single example. The pages are beside this folder, and their tests in `tests`.
//!
//! This library is behind `performance.md`: [`paired`] compares ways to do the same, [`report`] writes
//! a table of the outcome, and [`chart`] draws it. What is compared stands in `benches/performance`.

pub mod chart;
pub mod paired;
pub mod report;

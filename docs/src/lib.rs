//! The measurements of `performance.md`. [`paired`] compares ways to do the same work, [`report`] writes
//! a table of the result, and [`chart`] draws it. `benches/performance` has the work itself.

pub mod chart;
pub mod paired;
pub mod report;

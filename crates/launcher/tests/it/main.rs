//! Tests of the launcher.

mod connections;
mod process;
mod sides;
mod texts;

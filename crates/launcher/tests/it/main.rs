//! What the launcher promises to every example.

mod connections;
mod process;
mod sides;
mod texts;

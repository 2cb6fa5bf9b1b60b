//! The tests of this crate.

mod itself;
mod proxy;
mod watcher;

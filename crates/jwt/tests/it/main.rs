//! The tests of this crate, one module per subject.

mod es256;
mod keys;
mod signing;
mod tokens;

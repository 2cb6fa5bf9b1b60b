//! Encryption, with one-way and with mutual TLS (book, chapter 6).
//!
//! `README.md` is the chapter. [`tour`] shows which connections [`server`] and [`client`] reject.

pub mod certs;
pub mod client;
pub mod server;
pub mod tour;

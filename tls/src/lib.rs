//! Encryption, with one-way and with mutual TLS (book, chapter 6).
//!
//! [`certs`] creates the certificates, [`server`] and [`client`] use them, and [`tour`] shows which
//! connections they reject. `README.md` is the chapter.

pub mod certs;
pub mod client;
pub mod server;
pub mod tour;

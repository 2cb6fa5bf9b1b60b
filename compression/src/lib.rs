//! Smaller messages, and when not to compress them (book, chapter 5).
//!
//! [`server`] serves `ecommerce.OrderManagement` with gzip. [`client`] sends the same messages with and
//! without gzip, and [`counter`] counts their bytes. [`bomb`] makes a message that expands to 200 MB.
//! `README.md` is the chapter.

pub mod bomb;
pub mod client;
pub mod counter;
pub mod server;

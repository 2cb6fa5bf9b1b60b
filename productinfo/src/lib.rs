//! Unary calls: the client sends one message, and the server returns one (book, chapter 2).
//!
//! [`server`] implements the service `ecommerce.ProductInfo` and serves it. [`client`] connects to
//! it and makes five calls. `README.md` is the chapter.

pub mod client;
pub mod server;

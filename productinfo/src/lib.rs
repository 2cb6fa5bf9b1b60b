//! Unary calls: one message there, one message back (book, chapter 2).
//!
//! [`server`] implements the service `ecommerce.ProductInfo` and serves it; [`client`] connects
//! and calls it. `README.md` is the chapter that goes with them.

pub mod client;
pub mod server;

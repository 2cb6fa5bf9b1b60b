//! The four communication patterns of gRPC, in one service (book, chapter 3).
//!
//! | pattern | method | Rust's shape of it |
//! | --- | --- | --- |
//! | unary | `addOrder`, `getOrder` | a message in, a message out |
//! | server streaming | `searchOrders` | a message in, a [`Stream`](futures::Stream) out |
//! | client streaming | `updateOrders` | a [`Streaming`](tonic::Streaming) in, a message out |
//! | bidirectional streaming | `processOrders` | a `Streaming` in, a `Stream` out |
//!
//! [`orders`] is the store and [`server`] the service over it; [`search`] and [`shipments`] are
//! the two streams that it answers with. [`client`] calls them all, and `endings.rs` has two ends
//! that a stream can come to. `README.md` is the chapter.

pub mod client;
mod endings;
pub mod orders;
pub mod search;
pub mod server;
pub mod shipments;

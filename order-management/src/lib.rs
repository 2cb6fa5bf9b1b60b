//! The four communication patterns of gRPC, in one service (book, chapter 3).
//!
//! | pattern | method | in Rust |
//! | --- | --- | --- |
//! | unary | `addOrder`, `getOrder` | takes a message, returns a message |
//! | server streaming | `searchOrders` | takes a message, returns a [`Stream`](futures::Stream) |
//! | client streaming | `updateOrders` | takes a [`Streaming`](tonic::Streaming), returns a message |
//! | bidirectional streaming | `processOrders` | takes a `Streaming`, returns a `Stream` |
//!
//! [`orders`] is the store, [`server`] the service that uses it, and [`streams`] has the two streams
//! that the service returns. [`client`] calls all methods. `README.md` is the chapter.

pub mod client;
pub mod orders;
pub mod server;
pub mod streams;

//! Logic around a call (book, chapter 5), without changing the service or its callers.
//!
//! An *interceptor* runs before a call. It sees the metadata, and can change them or refuse the call:
//! [`auth`]. A *layer* wraps the whole exchange, and also sees the messages, the response and how the
//! call ends: [`served_by`] is a small one, and [`call_log`] a large one, which wraps the bodies too.
//! [`server`] and [`client`] use them. `README.md` is the chapter.

pub mod auth;
mod body;
pub mod call_log;
pub mod client;
pub mod served_by;
pub mod server;

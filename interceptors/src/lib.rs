//! Logic around a call (book, chapter 5), without a change to the service or to its callers.
//!
//! There are two tools for it. An *interceptor* sees a call's metadata before the call, and can
//! change them or refuse it: [`auth`]. A *layer* stands around the whole exchange, and sees the
//! messages, the answer and how it ends: [`served_by`] is a small one, [`call_log`] a large one,
//! which finds the messages with [`body`] and [`messages`].
//!
//! [`server`] and [`client`] put them together, round the service of `order-management`.
//! `README.md` is the chapter.

pub mod auth;
pub mod body;
pub mod call_log;
pub mod client;
mod ending;
pub mod messages;
pub mod served_by;
pub mod server;

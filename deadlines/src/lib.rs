//! Deadlines and cancellation across two hops (book, chapter 5): [`client`] calls the front in [`server`],
//! which calls the [`inventory`]. [`layers`] gives all their calls a [`deadline`].

pub mod client;
pub mod deadline;
pub mod inventory;
pub mod layers;
pub mod server;

//! Several services and many calls on one connection (book, chapter 5).
//!
//! [`server`] offers `ecommerce.OrderManagement` and `helloworld.Greeter` on one port. [`client`] opens
//! one connection, uses both services on it, and shows that its calls do not wait for each other until
//! the connection has as many calls as the server allows. `README.md` is the chapter.

pub mod client;
pub mod server;

//! No call lost when a backend is killed, drained or hangs.
//!
//! [`retries`] decides which calls may be repeated, and repeats them. [`client`] uses it together
//! with keepalive and wait-for-ready, [`in_process`] has backends that can die, and [`tour`] runs
//! both. The server is the one of `load-balancing`. `README.md` is the chapter.

pub mod client;
pub mod in_process;
pub mod retries;
pub mod tour;

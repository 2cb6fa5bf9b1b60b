//! The exercises of the README, a file for each. They fail until you have solved them:
//!
//! ```text
//! cargo test -p under-the-hood --test exercises -- --ignored exercise_1
//! ```

mod alive;
mod deadline;
mod stream;

use testing::Process;
use tonic::transport::Channel;

/// Starts the server by hand, and connects to it.
async fn server() -> (Process, Channel) {
    let args = ["server", "--by-hand", "--addr", "127.0.0.1:0"];
    let mut server = Process::start(env!("CARGO_BIN_EXE_under-the-hood"), &args);
    let endpoint = launcher::endpoint(&server.addr().await).expect("it is an address");
    (server, endpoint.connect().await.expect("it listens"))
}

//! The exercises of the README, a file for each. Its tests fail until it is solved:
//!
//! ```text
//! cargo test -p health --test exercises -- --ignored exercise_1
//! ```

mod callers;
mod taken_away;
mod waiting;

use std::future::pending;

use health::server::serve;
use tokio::net::TcpListener;
use tonic::transport::Channel;

async fn start() -> (String, Channel) {
    start_until(pending()).await
}

async fn start_until(shutdown: impl Future<Output = ()> + Send + 'static) -> (String, Channel) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(serve(listener, shutdown));
    let channel = Channel::from_shared(format!("http://{addr}")).expect("it is a URI");
    (addr, channel.connect().await.expect("it listens"))
}

//! A server on a real port, in a task of the test.

use std::future::{Pending, pending};

use tokio::net::TcpListener;

/// Runs an example's `serve` on a free port until the test ends, and returns its `HOST:PORT`.
///
/// A client may connect at once: the system queues its connection until the server accepts it.
pub async fn start<F, E>(serve: impl FnOnce(TcpListener, Pending<()>) -> F) -> String
where
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("the listener is bound").to_string();
    tokio::spawn(serve(listener, pending()));
    addr
}

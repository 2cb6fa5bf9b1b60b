//! The tests of this crate, in the order of the chapter.

mod by_hand;
mod call;
mod interop;
mod message;
mod process;
mod readme;

use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};
use under_the_hood::call::Connection;
use wire::status::Status;

/// A test that takes longer than this hangs.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// A listener on a free port, and its address.
async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound").to_string();
    (listener, addr)
}

/// Connects the client by hand.
async fn connect(addr: &str) -> Connection {
    let stream = TcpStream::connect(addr).await.expect("it listens");
    Connection::new(stream, addr).await.expect("it speaks HTTP/2")
}

/// Makes a unary call by hand.
async fn unary(connection: &Connection, path: &str, message: &[u8]) -> Result<Bytes, Status> {
    let mut messages = Vec::new();
    connection.call(path, message, PATIENCE, |message| messages.push(message)).await?;
    assert_eq!(messages.len(), 1);
    Ok(messages.remove(0))
}

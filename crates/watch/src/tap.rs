//! Listens to a connection from inside the program that uses it.

use std::sync::{Arc, Mutex, PoisonError};

use launcher::{one_line, print_line};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::{InspectReader, InspectWriter};

use crate::watcher::{Line, Side, View, Watcher};

/// Shows a copy of the bytes that go over one connection, as lines between those of the transcript.
///
/// A line is queued in the moment in which the bytes are read or written, and the queue is that of the
/// transcript. So everything that a call sends and receives is shown before the call returns to its
/// caller, and before what the caller then prints. Nothing ever waits for the terminal: if it is too
/// slow, lines are dropped and counted, as everywhere (see [`launcher::print_line`]).
///
/// ```no_run
/// # async fn connect() -> std::io::Result<()> {
/// use tokio::net::TcpStream;
/// use watch::{Tap, View};
///
/// let stream = TcpStream::connect("127.0.0.1:50051").await?;
/// let stream = Tap::new(1, View::Calls).client(stream);
/// // And now, for example: h2::client::handshake(stream)
/// # Ok(())
/// # }
/// ```
///
/// Clones share the connection.
#[derive(Clone)]
pub struct Tap {
    connection: usize,
    watcher: Arc<Mutex<Watcher>>,
}

impl Tap {
    /// A tap for a new connection. The number of the `connection` is shown if it is not 1.
    #[must_use]
    pub fn new(connection: usize, view: View) -> Self {
        Self { connection, watcher: Arc::new(Mutex::new(Watcher::new(view))) }
    }

    /// The same stream of a client. Shows what the client writes, and what it reads from the server.
    pub fn client<S: AsyncRead + AsyncWrite>(
        &self,
        stream: S,
    ) -> impl AsyncRead + AsyncWrite + use<S> {
        let tap = self.clone();
        let written = move |bytes: &[u8]| tap.see(Side::Client, bytes);
        InspectWriter::new(self.reads(stream, Side::Server), written)
    }

    /// The same stream. Shows all bytes that are read from it, as sent by `side`.
    pub fn reads<S: AsyncRead + AsyncWrite>(
        &self,
        stream: S,
        side: Side,
    ) -> impl AsyncRead + AsyncWrite + use<S> {
        let tap = self.clone();
        InspectReader::new(stream, move |bytes: &[u8]| tap.see(side, bytes))
    }

    /// Shows a line of the program's own between the others.
    pub fn say(&self, text: &str) {
        self.print("watch", 39, 0, text);
    }

    fn see(&self, side: Side, bytes: &[u8]) {
        // Locked until all is queued, so that the lines of both directions do not mix.
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        for Line { side, stream, text } in watcher.see(side, bytes) {
            match side {
                Side::Client => self.print("client", 36, stream, &text),
                Side::Server => self.print("server", 32, stream, &text),
            }
        }
    }

    /// Prints a line: the side in its colour, and the text in that of its stream.
    fn print(&self, side: &str, colour: u8, stream: u32, text: &str) {
        // Cyan, yellow, magenta, blue, green. A client's streams have odd numbers.
        let stream = match stream / 2 % 5 {
            _ if stream == 0 => 2,
            0 => 36,
            1 => 33,
            2 => 35,
            3 => 34,
            _ => 32,
        };
        let number = match self.connection {
            1 => String::new(),
            number => format!(" {number}"),
        };
        let text = one_line(text);
        print_line(&format!(
            "\x1b[{colour}m{side}{number} |\x1b[0m \x1b[{stream}m{text}\x1b[0m"
        ));
    }
}

//! Listens in on a connection, and does not stand in its way.

use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use launcher::one_line;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, oneshot},
    task::spawn_blocking,
};
use tokio_util::io::{InspectReader, InspectWriter};

use crate::watch::{Line, Side, View, Watcher};

/// So many pieces of what went by may wait to be shown, of some kilobytes each.
const QUEUE: usize = 2_048;

/// Sees a copy of what goes by. Clones see the same connection.
#[derive(Clone)]
pub struct Tap {
    pieces: mpsc::Sender<Piece>,
    /// A piece was lost, and nothing after it would make sense.
    overflow: Arc<AtomicBool>,
}

enum Piece {
    Bytes(Side, Bytes),
    /// What the tap's owner has to say.
    Text(String),
    /// Tell when all before this has been shown.
    Flush(oneshot::Sender<()>),
}

impl Tap {
    /// A tap that shows what goes over a connection, which it calls by this number if it is not the
    /// first.
    ///
    /// What is shown is shown on a thread of its own: a terminal may be slow, and the connection
    /// must not be. When the terminal is much too slow, the rest is not shown, and that is said.
    #[must_use]
    pub fn new(connection: usize, view: View) -> Self {
        let (sender, mut pieces) = mpsc::channel(QUEUE);
        let overflow = Arc::new(AtomicBool::new(false));
        let lost = Arc::clone(&overflow);
        spawn_blocking(move || {
            let mut watcher = Watcher::new(view);
            while let Some(piece) = pieces.blocking_recv() {
                match piece {
                    Piece::Bytes(side, bytes) => {
                        for line in watcher.see(side, &bytes) {
                            show(connection, &line);
                        }
                    }
                    Piece::Text(text) => write("watch", connection, 0, &text),
                    // Who has asked may have gone.
                    Piece::Flush(done) => drop(done.send(())),
                }
                if lost.load(Relaxed) && pieces.is_empty() {
                    let text = "too much to be shown: the rest is passed on unseen";
                    return write("watch", connection, 0, text);
                }
            }
        });
        Self { pieces: sender, overflow }
    }

    fn see(&self, side: Side, bytes: &[u8]) {
        if bytes.is_empty() || self.overflow.load(Relaxed) {
            return;
        }
        let piece = Piece::Bytes(side, Bytes::copy_from_slice(bytes));
        if self.pieces.try_send(piece).is_err() {
            self.overflow.store(true, Relaxed);
        }
    }

    /// Says something between what went by.
    pub fn say(&self, text: String) {
        // Where there is no room for it, nothing is shown any more.
        let _ = self.pieces.try_send(Piece::Text(text));
    }

    /// Waits until all that went by so far has been shown.
    pub async fn flush(&self) {
        let (done, shown) = oneshot::channel();
        // Errors say that the program is about to end.
        if self.pieces.send(Piece::Flush(done)).await.is_ok() {
            let _ = shown.await;
        }
    }

    /// The same stream, with what is read from it taken for the words of this side.
    pub fn reads<S: AsyncRead + AsyncWrite>(
        &self,
        stream: S,
        side: Side,
    ) -> impl AsyncRead + AsyncWrite + use<S> {
        let tap = self.clone();
        InspectReader::new(stream, move |bytes: &[u8]| tap.see(side, bytes))
    }

    /// The same stream of a client, both ways.
    pub fn both<S: AsyncRead + AsyncWrite>(
        &self,
        stream: S,
    ) -> impl AsyncRead + AsyncWrite + use<S> {
        let tap = self.clone();
        let written = move |bytes: &[u8]| tap.see(Side::Client, bytes);
        InspectWriter::new(self.reads(stream, Side::Server), written)
    }
}

/// The colours of the streams. (They are those of the terminal: cyan, yellow, magenta, blue, green.)
const COLOURS: [u8; 5] = [36, 33, 35, 34, 32];

/// Shows a line in the transcript, in the colour of its stream.
fn show(connection: usize, line: &Line) {
    let side = match line.side {
        Side::Client => "client",
        Side::Server => "server",
    };
    write(side, connection, line.stream, &line.text);
}

fn write(side: &str, connection: usize, stream: u32, text: &str) {
    let number = if connection > 1 { format!(" {connection}") } else { String::new() };
    let text = one_line(text);
    let colour = match side {
        "client" => 36,
        "server" => 32,
        _ => 39,
    };
    // A client's streams have the odd numbers. What is of the whole connection is dim.
    let stream = match stream {
        0 => 2,
        stream => COLOURS.get(stream as usize / 2 % COLOURS.len()).copied().unwrap_or(39),
    };
    let mut stdout = anstream::stdout().lock();
    // Whoever has closed standard output does not want to know.
    let _ =
        writeln!(stdout, "\x1b[{colour}m{side}{number} |\x1b[0m \x1b[{stream}m{text}\x1b[0m");
}

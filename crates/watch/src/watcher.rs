//! Turns the bytes of a connection into lines.

use std::{collections::HashMap, mem};

use bytes::BytesMut;
use loona_hpack::Decoder;
use wire::{
    prefix::{Malformed, Messages},
    raw,
};

use crate::frame::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, HEADERS, PUSH_PROMISE, RST_STREAM,
    SETTINGS,
};

/// The first bytes of every connection, sent by the client.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Limits. Any peer decides what it sends, and the watcher must not run out of memory.

/// The longest header block that is kept, and the most that is shown of what it decodes to.
const MAX_HEADERS: usize = 64 * 1024;
/// The longest message that is shown.
const MAX_MESSAGE: usize = 256 * 1024;
/// How many streams may be in the middle of their messages at the same time, in each direction.
const MAX_STREAMS: usize = 200;
/// How many lines of a message are shown.
const MAX_LINES: usize = 20;

/// The sender of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The side that opened the connection.
    Client,
    /// The side that accepted it.
    Server,
}

/// Something to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The side that sent it.
    pub side: Side,
    /// The stream that it belongs to, or 0 for the connection.
    pub stream: u32,
    /// The text, which may contain any character that a peer sends.
    pub text: String,
}

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Only what belongs to calls: headers, messages, resets.
    Calls,
    /// Every frame.
    Frames,
}

/// Watches both directions of one connection, from its first byte on.
pub struct Watcher {
    view: View,
    client: Direction,
    server: Direction,
}

impl Watcher {
    /// A watcher of a connection on which nothing has been sent yet.
    #[must_use]
    pub fn new(view: View) -> Self {
        let [client, server] = [Side::Client, Side::Server].map(Direction::new);
        Self { view, client, server }
    }

    /// Reads the next bytes that `side` sent, which may be cut anywhere, and returns the lines that they
    /// complete.
    pub fn see(&mut self, side: Side, bytes: &[u8]) -> Vec<Line> {
        let (this, other) = match side {
            Side::Client => (&mut self.client, &mut self.server),
            Side::Server => (&mut self.server, &mut self.client),
        };
        this.see(bytes, other);
        let mut lines = mem::take(&mut this.lines);
        if self.view == View::Calls && !this.blind {
            lines.retain(|line| line.stream != 0);
        }
        lines
    }
}

/// One direction of the connection.
struct Direction {
    side: Side,
    lines: Vec<Line>,
    /// The start of a frame that is not complete yet.
    buffer: BytesMut,
    /// Whether the client's preface is still to come.
    preface: bool,
    /// Whether nothing can be decoded any more.
    blind: bool,
    /// The HPACK table of this direction. `None` once a header block could not be decoded: each block
    /// may refer to all blocks before it.
    headers: Option<Decoder<'static>>,
    /// A header block that is not complete yet, and whether it ends its stream.
    block: BytesMut,
    ending: bool,
    /// The messages of the streams that carry gRPC.
    streams: HashMap<u32, Messages>,
}

impl Direction {
    fn new(side: Side) -> Self {
        let mut headers = Decoder::new();
        // The default, until the other side's SETTINGS change it.
        headers.set_max_allowed_table_size(4_096);
        Self {
            side,
            lines: Vec::new(),
            buffer: BytesMut::new(),
            preface: side == Side::Client,
            blind: false,
            headers: Some(headers),
            block: BytesMut::new(),
            ending: false,
            streams: HashMap::new(),
        }
    }

    fn say(&mut self, stream: u32, text: impl Into<String>) {
        self.lines.push(Line { side: self.side, stream, text: text.into() });
    }

    fn see(&mut self, bytes: &[u8], other: &mut Self) {
        if self.blind {
            return;
        }
        self.buffer.extend_from_slice(bytes);
        if let Err(why) = self.frames(other) {
            self.blind = true;
            self.buffer = BytesMut::new();
            self.say(0, format!("{why}: nothing is shown from here on"));
        }
    }

    /// Shows the frames that are complete. Fails if the next one cannot be found.
    fn frames(&mut self, other: &mut Self) -> Result<(), String> {
        if self.preface {
            let length = self.buffer.len().min(PREFACE.len());
            if self.buffer.get(..length) != PREFACE.get(..length) {
                return Err("this is not HTTP/2 without TLS".into());
            }
            if length < PREFACE.len() {
                return Ok(());
            }
            self.preface = false;
            drop(self.buffer.split_to(length));
            self.say(0, "the connection preface: PRI * HTTP/2.0");
        }
        let too_long = |length| format!("a frame of {length} bytes is too long");
        while let Some(frame) = Frame::take(&mut self.buffer).map_err(too_long)? {
            self.show(&frame, other);
        }
        Ok(())
    }

    fn show(&mut self, frame: &Frame, other: &mut Self) {
        self.say(frame.stream, frame.describe());
        match frame.kind {
            HEADERS | CONTINUATION => self.show_headers(frame),
            DATA => self.show_data(frame),
            SETTINGS => {
                // Setting 1 is the size of the HPACK table that the other side may use.
                for (_, size) in frame.settings().filter(|(identifier, _)| *identifier == 1) {
                    if let Some(headers) = &mut other.headers {
                        headers.set_max_allowed_table_size((size as usize).min(MAX_HEADERS));
                    }
                }
            }
            PUSH_PROMISE => self.cannot_decode(frame.stream, "there is a PUSH_PROMISE"),
            RST_STREAM => {
                self.streams.remove(&frame.stream);
                other.streams.remove(&frame.stream);
            }
            _ => {}
        }
    }

    fn show_headers(&mut self, frame: &Frame) {
        if frame.kind == HEADERS {
            self.ending = frame.has(END_STREAM);
        }
        let Some(decoder) = &mut self.headers else { return };
        let fragment = frame.content().unwrap_or_default();
        if self.block.len() + fragment.len() > MAX_HEADERS {
            return self.cannot_decode(frame.stream, "they are too long");
        }
        self.block.extend_from_slice(&fragment);
        if !frame.has(END_HEADERS) {
            return;
        }
        // HPACK can expand one byte to a header of kilobytes, so the limit applies once more.
        let (mut size, mut grpc, mut headers) = (0, false, Vec::new());
        let result = decoder.decode_with_cb(&self.block.split(), |name, value| {
            size += name.len() + value.len();
            grpc |= &*name == b"content-type" && value.starts_with(b"application/grpc");
            if size <= MAX_HEADERS {
                headers.push(format!("  {}: {}", name.escape_ascii(), value.escape_ascii()));
            }
        });
        if let Err(why) = result {
            return self.cannot_decode(frame.stream, &format!("{why:?}"));
        }
        for header in headers {
            self.say(frame.stream, header);
        }
        if size > MAX_HEADERS {
            self.say(frame.stream, "  and more, which is too long to be shown");
        }
        if self.ending {
            self.end(frame.stream);
        } else if grpc && self.streams.len() < MAX_STREAMS {
            self.streams.insert(frame.stream, Messages::new(MAX_MESSAGE));
        } else if grpc {
            self.say(frame.stream, "  too many streams: its messages are not shown");
        }
    }

    fn cannot_decode(&mut self, stream: u32, why: &str) {
        self.headers = None;
        self.block = BytesMut::new();
        self.say(stream, format!("  headers cannot be shown from here on: {why}"));
    }

    fn show_data(&mut self, frame: &Frame) {
        let Some(messages) = self.streams.get_mut(&frame.stream) else { return };
        messages.push(&frame.content().unwrap_or_default());
        let mut lines = Vec::new();
        loop {
            match messages.take() {
                Ok(None) => break,
                Ok(Some(message)) if message.compressed => {
                    lines.push(format!(
                        "  message of {} bytes, compressed",
                        message.bytes.len()
                    ));
                }
                Ok(Some(message)) => {
                    lines.push(format!("  message of {} bytes", message.bytes.len()));
                    lines.extend(fields(&message.bytes));
                }
                Err(Malformed::TooLong(length)) => {
                    lines.push(format!("  message of {length} bytes, too long to be shown"));
                    messages.skip(length);
                }
                Err(error) => {
                    lines.push(format!("  messages cannot be shown from here on: {error}"));
                    self.streams.remove(&frame.stream);
                    break;
                }
            }
        }
        for text in lines {
            self.say(frame.stream, text);
        }
        if frame.has(END_STREAM) {
            self.end(frame.stream);
        }
    }

    fn end(&mut self, stream: u32) {
        if self.streams.remove(&stream).is_some_and(|messages| messages.end().is_err()) {
            self.say(stream, "  the stream ends in the middle of a message");
        }
    }
}

/// The fields of a message, one line each.
fn fields(message: &[u8]) -> Vec<String> {
    let fields = match raw::lines(message) {
        Ok(fields) => fields,
        Err(error) => return vec![format!("    it is not protobuf: {error}")],
    };
    let more = fields.len() > MAX_LINES;
    let shown = fields.into_iter().take(MAX_LINES).map(|field| format!("    {field}"));
    shown.chain(more.then(|| "    ...".to_owned())).collect()
}

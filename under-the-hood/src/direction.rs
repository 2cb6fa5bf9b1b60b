//! One direction of a connection that is watched.

use std::collections::HashMap;

use bytes::BytesMut;
use loona_hpack::Decoder;

use crate::{
    frames::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, HEADERS, PREFACE, PUSH_PROMISE,
        RST_STREAM, SETTINGS,
    },
    framing::Messages,
    tell,
    watch::{Line, Side},
};

/// Headers are kept up to this length, until they are complete. So is what they decode to.
const MAX_HEADERS: usize = 64 * 1024;
/// Longer messages are not shown.
const MAX_MESSAGE: usize = 256 * 1024;
/// On so many streams at a time are messages told apart.
const MAX_STREAMS: usize = 200;

/// What is known of one direction.
pub(crate) struct Direction {
    side: Side,
    buffer: BytesMut,
    /// The client's preface is still to come.
    preface: bool,
    /// Nothing more can be told from here on.
    blind: bool,
    /// HPACK: headers are sent as references to those that were sent before. Whoever misses some
    /// cannot read the next.
    headers: Option<Decoder<'static>>,
    /// Headers that are not complete.
    block: BytesMut,
    /// They are the last of their stream.
    ending: bool,
    /// The messages of the streams that carry gRPC.
    streams: HashMap<u32, Messages>,
}

impl Direction {
    pub(crate) fn new(side: Side) -> Self {
        let mut headers = Decoder::new();
        // What may be kept, until the other side says otherwise.
        headers.set_max_allowed_table_size(4_096);
        Self {
            side,
            buffer: BytesMut::new(),
            preface: side == Side::Client,
            blind: false,
            headers: Some(headers),
            block: BytesMut::new(),
            ending: false,
            streams: HashMap::new(),
        }
    }

    /// Looks at the next bytes, and says what they complete.
    pub(crate) fn see(&mut self, bytes: &[u8], other: &mut Self) -> Vec<Line> {
        let mut lines = Vec::new();
        if !self.blind {
            self.buffer.extend_from_slice(bytes);
            while let Some(frame) = self.next(&mut lines) {
                self.show(&frame, other, &mut lines);
            }
        }
        lines
    }

    /// Whether nothing more is told.
    pub(crate) fn is_blind(&self) -> bool {
        self.blind
    }

    fn say(&self, stream: u32, text: impl Into<String>, lines: &mut Vec<Line>) {
        lines.push(Line { side: self.side, stream, text: text.into() });
    }

    /// The next frame, if it is complete.
    fn next(&mut self, lines: &mut Vec<Line>) -> Option<Frame> {
        if self.preface {
            let length = self.buffer.len().min(PREFACE.len());
            if self.buffer.get(..length) != PREFACE.get(..length) {
                return self.give_up("this is not HTTP/2 without TLS", lines);
            }
            if length < PREFACE.len() {
                return None;
            }
            self.preface = false;
            drop(self.buffer.split_to(length));
            self.say(0, "the connection preface: PRI * HTTP/2.0", lines);
        }
        match Frame::take(&mut self.buffer) {
            Ok(frame) => frame,
            Err(length) => self.give_up(&format!("a frame of {length} bytes"), lines),
        }
    }

    fn give_up(&mut self, why: &str, lines: &mut Vec<Line>) -> Option<Frame> {
        self.blind = true;
        self.buffer = BytesMut::new();
        self.say(0, format!("{why}: it is passed on, and not shown from here on"), lines);
        None
    }

    fn show(&mut self, frame: &Frame, other: &mut Self, lines: &mut Vec<Line>) {
        self.say(frame.stream, frame.describe(), lines);
        match frame.kind {
            HEADERS | CONTINUATION => self.show_headers(frame, lines),
            DATA => self.show_data(frame, lines),
            SETTINGS => {
                // The size of the table that the other side may refer to.
                for (_, size) in frame.settings().filter(|(identifier, _)| *identifier == 1) {
                    if let Some(headers) = &mut other.headers {
                        headers.set_max_allowed_table_size((size as usize).min(MAX_HEADERS));
                    }
                }
            }
            PUSH_PROMISE => self.cannot_decode(frame.stream, "there is a PUSH_PROMISE", lines),
            RST_STREAM => {
                self.streams.remove(&frame.stream);
                other.streams.remove(&frame.stream);
            }
            _ => {}
        }
    }

    fn show_headers(&mut self, frame: &Frame, lines: &mut Vec<Line>) {
        if frame.kind == HEADERS {
            self.ending = frame.has(END_STREAM);
        }
        let Some(decoder) = &mut self.headers else { return };
        let fragment = frame.content().unwrap_or_default();
        if self.block.len() + fragment.len() > MAX_HEADERS {
            return self.cannot_decode(frame.stream, "they are too long", lines);
        }
        self.block.extend_from_slice(&fragment);
        if !frame.has(END_HEADERS) {
            return;
        }
        let (headers, more) = match tell::headers(decoder, &self.block.split(), MAX_HEADERS) {
            Ok(told) => told,
            Err(why) => return self.cannot_decode(frame.stream, &why, lines),
        };
        for (name, value) in &headers {
            self.say(frame.stream, format!("  {name}: {value}"), lines);
        }
        if more {
            self.say(frame.stream, "  and more than can be shown", lines);
        }
        let grpc = |(name, value): &(String, String)| {
            name == "content-type" && value.starts_with("application/grpc")
        };
        if self.ending {
            self.end(frame.stream, lines);
        } else if headers.iter().any(grpc) {
            if self.streams.len() < MAX_STREAMS {
                self.streams.insert(frame.stream, Messages::new(MAX_MESSAGE));
            } else {
                self.say(frame.stream, "  too many streams: its messages are not shown", lines);
            }
        }
    }

    fn end(&mut self, stream: u32, lines: &mut Vec<Line>) {
        if self.streams.remove(&stream).is_some_and(|messages| messages.end().is_err()) {
            self.say(stream, "  the stream ends in the midst of a message", lines);
        }
    }

    fn cannot_decode(&mut self, stream: u32, why: &str, lines: &mut Vec<Line>) {
        self.headers = None;
        self.block = BytesMut::new();
        self.say(stream, format!("  headers cannot be shown from here on: {why}"), lines);
    }

    fn show_data(&mut self, frame: &Frame, lines: &mut Vec<Line>) {
        let Some(messages) = self.streams.get_mut(&frame.stream) else { return };
        messages.push(&frame.content().unwrap_or_default());
        let (said, broken) = tell::messages(messages);
        if broken {
            self.streams.remove(&frame.stream);
        }
        for text in said {
            self.say(frame.stream, text, lines);
        }
        if frame.has(END_STREAM) {
            self.end(frame.stream, lines);
        }
    }
}

//! The length-prefixed message (grpc/grpc, `doc/PROTOCOL-HTTP2.md`).
//!
//! HTTP/2 carries a stream of bytes, and cuts it into DATA frames where it likes. So each message
//! says how long it is: a byte that tells whether it is compressed, four bytes of length with the
//! highest first, and then the message.

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// How long the prefix is: the flag and the length.
pub const PREFIX: usize = 5;

/// A message and its flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whether the bytes are compressed, in the way that `grpc-encoding` says.
    pub compressed: bool,
    /// The message.
    pub bytes: Bytes,
}

/// Why bytes are no length-prefixed messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The flag is neither 0 nor 1.
    Flag(u8),
    /// A message is longer than is allowed here.
    TooLong(usize),
    /// The stream ends in the midst of a message.
    Truncated,
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(formatter, "the compressed flag is {flag}, not 0 or 1"),
            Self::TooLong(length) => {
                write!(formatter, "a message of {length} bytes is too long")
            }
            Self::Truncated => write!(formatter, "the stream ends in the midst of a message"),
        }
    }
}

impl std::error::Error for Malformed {}

/// A message behind its prefix, not compressed. Fails if its length needs more than four bytes.
pub fn frame(message: &[u8]) -> Result<Bytes, Malformed> {
    let length = u32::try_from(message.len()).map_err(|_| Malformed::TooLong(message.len()))?;
    let mut framed = BytesMut::with_capacity(PREFIX + message.len());
    framed.put_u8(0);
    framed.put_u32(length);
    framed.put_slice(message);
    Ok(framed.freeze())
}

/// Puts together the messages of one direction of a call, from pieces of any length.
#[derive(Debug)]
pub struct Messages {
    buffer: BytesMut,
    limit: usize,
    /// So many of the next bytes belong to a message that nobody wants.
    skip: usize,
}

impl Messages {
    /// Takes messages of up to `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), limit, skip: 0 }
    }

    /// Takes in what has come. Ask for [`take`](Self::take) after each piece: what is complete stays
    /// in memory until then.
    pub fn push(&mut self, data: &[u8]) {
        let skipped = self.skip.min(data.len());
        self.skip -= skipped;
        self.buffer.extend_from_slice(data.get(skipped..).unwrap_or_default());
    }

    /// Passes over a message that is [too long](Malformed::TooLong), of which this is the length.
    pub fn skip(&mut self, length: usize) {
        let all = length.saturating_add(PREFIX);
        let here = all.min(self.buffer.len());
        self.buffer.advance(here);
        self.skip = all - here;
    }

    /// The next message, or `None` while it is not complete.
    pub fn take(&mut self) -> Result<Option<Message>, Malformed> {
        let Some((&[flag, a, b, c, d], rest)) = self.buffer.split_first_chunk::<PREFIX>()
        else {
            return Ok(None);
        };
        if flag > 1 {
            return Err(Malformed::Flag(flag));
        }
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        // Said before the message is there: nobody is to make us keep gigabytes.
        if length > self.limit {
            return Err(Malformed::TooLong(length));
        }
        if rest.len() < length {
            return Ok(None);
        }
        self.buffer.advance(PREFIX);
        let bytes = self.buffer.split_to(length).freeze();
        Ok(Some(Message { compressed: flag == 1, bytes }))
    }

    /// Fails if the stream must not end here.
    pub fn end(&self) -> Result<(), Malformed> {
        let complete = self.buffer.is_empty() && self.skip == 0;
        if complete { Ok(()) } else { Err(Malformed::Truncated) }
    }
}

//! The length prefix of a message.
//!
//! HTTP/2 carries a stream of bytes and cuts it into DATA frames wherever it likes: a frame may hold
//! several messages, and a message or its prefix may be spread over several frames. So gRPC puts five
//! bytes in front of each message: a flag that says whether the message is compressed, and its length
//! with the highest byte first.
//!
//! [`Messages`] collects messages, and [`Lengths`] only follows them, without keeping a byte.

use std::{error, fmt};

use bytes::{Buf, Bytes, BytesMut};

/// How many bytes a prefix has.
pub const LENGTH: usize = 5;

/// A prefix that has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// Whether the message is compressed, in the way that the header `grpc-encoding` says.
    pub compressed: bool,
    /// How many bytes of message follow, after compression.
    pub length: u32,
}

impl Prefix {
    /// Reads a prefix. Fails with [`Malformed::Flag`] if the flag is neither 0 nor 1.
    pub fn parse([flag, length @ ..]: [u8; LENGTH]) -> Result<Self, Malformed> {
        let length = u32::from_be_bytes(length);
        match flag {
            0 | 1 => Ok(Self { compressed: flag == 1, length }),
            _ => Err(Malformed::Flag(flag)),
        }
    }
}

/// Why bytes are not a sequence of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The compressed flag is neither 0 nor 1.
    Flag(u8),
    /// A message has this many bytes, which is more than the limit.
    TooLong(usize),
    /// The stream ends in the middle of a message.
    Truncated,
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(formatter, "the compressed flag is {flag}, not 0 or 1"),
            Self::TooLong(length) => {
                write!(formatter, "a message of {length} bytes is too long")
            }
            Self::Truncated => write!(formatter, "the stream ends in the middle of a message"),
        }
    }
}

impl error::Error for Malformed {}

/// Follows the messages of one direction of a call without keeping them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lengths {
    /// The prefix, as far as it has come.
    prefix: [u8; LENGTH],
    filled: usize,
    /// How many bytes of the message are still to come.
    missing: u32,
}

impl Lengths {
    /// Reads the next bytes, and calls `seen` for each message whose last byte is among them.
    ///
    /// `data` may be of any length. Fails with [`Malformed::Flag`] where a prefix should be and is
    /// not; the rest of the stream makes no sense then.
    pub fn read(
        &mut self,
        mut data: &[u8],
        mut seen: impl FnMut(Prefix),
    ) -> Result<(), Malformed> {
        loop {
            while let Some(free) = self.prefix.get_mut(self.filled) {
                let Some((byte, rest)) = data.split_first() else { return Ok(()) };
                (*free, data) = (*byte, rest);
                self.filled += 1;
                if self.filled == LENGTH {
                    self.missing = Prefix::parse(self.prefix)?.length;
                }
            }
            let missing = usize::try_from(self.missing).unwrap_or(usize::MAX);
            let (part, rest) = data.split_at(missing.min(data.len()));
            data = rest;
            // A part is at most as long as `missing`, so it fits.
            self.missing -= u32::try_from(part.len()).unwrap_or(self.missing);
            if self.missing > 0 {
                return Ok(());
            }
            seen(Prefix::parse(self.prefix)?);
            self.filled = 0;
        }
    }
}

/// A complete message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whether the bytes are compressed, in the way that the header `grpc-encoding` says.
    pub compressed: bool,
    /// The bytes, without the prefix.
    pub bytes: Bytes,
}

/// Collects the messages of one direction of a call, from pieces of any length.
#[derive(Debug)]
pub struct Messages {
    buffer: BytesMut,
    limit: usize,
    /// How many of the next bytes belong to a message that is skipped.
    skip: usize,
}

impl Messages {
    /// Accepts messages of up to `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), limit, skip: 0 }
    }

    /// Adds the next piece. Call [`take`](Self::take) after each piece until it returns `None`, so that
    /// complete messages do not pile up in memory.
    pub fn push(&mut self, data: &[u8]) {
        let skipped = self.skip.min(data.len());
        self.skip -= skipped;
        self.buffer.extend_from_slice(data.get(skipped..).unwrap_or_default());
    }

    /// Returns the next message, or `None` if it is not complete yet.
    ///
    /// Fails with [`Malformed::Flag`], after which the stream makes no sense, or with
    /// [`Malformed::TooLong`], after which [`skip`](Self::skip) goes on behind that message.
    pub fn take(&mut self) -> Result<Option<Message>, Malformed> {
        let Some((prefix, rest)) = self.buffer.split_first_chunk() else { return Ok(None) };
        let Prefix { compressed, length } = Prefix::parse(*prefix)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        // Checked before the message has arrived. Otherwise any peer could make us keep 4 GiB.
        if length > self.limit {
            return Err(Malformed::TooLong(length));
        }
        if rest.len() < length {
            return Ok(None);
        }
        self.buffer.advance(LENGTH);
        let bytes = self.buffer.split_to(length).freeze();
        Ok(Some(Message { compressed, bytes }))
    }

    /// Skips a message that is [too long](Malformed::TooLong) and has this length.
    pub fn skip(&mut self, length: usize) {
        let all = length.saturating_add(LENGTH);
        let here = all.min(self.buffer.len());
        self.buffer.advance(here);
        self.skip = all - here;
    }

    /// Fails with [`Malformed::Truncated`] if the stream must not end here.
    pub fn end(&self) -> Result<(), Malformed> {
        let complete = self.buffer.is_empty() && self.skip == 0;
        if complete { Ok(()) } else { Err(Malformed::Truncated) }
    }
}

//! Finds the messages in a body's bytes, without keeping any of them.

use std::fmt;

/// A message that has gone by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which of its side's messages in this call, from 1.
    pub number: u64,
    /// Its bytes on the wire, after compression, without the prefix.
    pub size: u32,
    /// Whether its prefix says that it is compressed.
    pub compressed: bool,
}

/// `message 1 (47 bytes)`
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compressed = if self.compressed { ", compressed" } else { "" };
        write!(f, "message {} ({} bytes{compressed})", self.number, self.size)
    }
}

/// Where in the stream of messages a body is.
///
/// Each message has a prefix of five bytes: a flag that says whether it is compressed, and its
/// length, big-endian. HTTP/2 cuts the bytes into frames as it likes, so that a prefix or a
/// message may be spread over several, and a frame may hold several messages. (Source:
/// gRPC over HTTP/2, "Length-Prefixed-Message".)
#[derive(Debug, Default)]
pub struct Messages {
    number: u64,
    /// The prefix, as far as it has come: its bytes as one number.
    prefix: u64,
    filled: u32,
    /// How much of the message is still to come.
    missing: usize,
}

impl Messages {
    /// Reads on, and calls `seen` for each message whose last byte is in `data`.
    pub fn read(&mut self, mut data: &[u8], mut seen: impl FnMut(Message)) {
        loop {
            while self.filled < 5 {
                let Some((byte, rest)) = data.split_first() else { return };
                data = rest;
                self.prefix = self.prefix << 8 | u64::from(*byte);
                self.filled += 1;
                self.missing = self.size() as usize;
            }
            let (part, rest) = data.split_at(self.missing.min(data.len()));
            data = rest;
            self.missing -= part.len();
            if self.missing > 0 {
                return;
            }
            self.number += 1;
            seen(Message {
                number: self.number,
                size: self.size(),
                compressed: self.prefix >> 32 != 0,
            });
            (self.prefix, self.filled) = (0, 0);
        }
    }

    /// The last four of the five bytes.
    #[expect(clippy::cast_possible_truncation, reason = "it cuts the flag off")]
    fn size(&self) -> u32 {
        self.prefix as u32
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, Messages};

    const BODY: &[u8] = b"\0\0\0\0\x03abc\x01\0\0\0\0\0\0\0\0\x01x";

    fn expected() -> Vec<Message> {
        let message = |number, size, compressed| Message { number, size, compressed };
        vec![message(1, 3, false), message(2, 0, true), message(3, 1, false)]
    }

    #[test]
    fn messages_are_found_however_the_bytes_are_cut() {
        for size in 1..=BODY.len() {
            let (mut messages, mut seen) = (Messages::default(), Vec::new());
            BODY.chunks(size)
                .for_each(|part| messages.read(part, |message| seen.push(message)));
            assert_eq!(seen, expected(), "in parts of {size}");
        }
    }

    #[test]
    fn a_message_is_seen_with_its_last_byte_and_not_before() {
        let (mut messages, mut seen) = (Messages::default(), Vec::new());
        messages.read(&BODY[..7], |message| seen.push(message));
        assert_eq!(seen, []);
        messages.read(&BODY[7..8], |message| seen.push(message));
        assert_eq!(seen, &expected()[..1]);
    }

    #[test]
    fn an_empty_part_changes_nothing() {
        let mut messages = Messages::default();
        messages.read(&[], |message| panic!("{message:?}"));
        messages.read(&BODY[..5], |message| panic!("{message:?}"));
        messages.read(&[], |message| panic!("{message:?}"));
    }
}

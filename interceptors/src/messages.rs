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
    prefix: [u8; 5],
    /// How much of the prefix has come.
    filled: usize,
    /// How much of the message is still to come.
    missing: usize,
}

impl Messages {
    /// Reads on, and calls `seen` for each message whose last byte is in `data`.
    pub fn read(&mut self, mut data: &[u8], mut seen: impl FnMut(Message)) {
        loop {
            if let Some(free) =
                self.prefix.get_mut(self.filled..).filter(|free| !free.is_empty())
            {
                let (head, rest) = data.split_at(free.len().min(data.len()));
                free.iter_mut().zip(head).for_each(|(free, byte)| *free = *byte);
                data = rest;
                self.filled += head.len();
                if self.filled < self.prefix.len() {
                    return;
                }
                self.missing = self.size() as usize;
            }
            let part = self.missing.min(data.len());
            data = data.get(part..).unwrap_or_default();
            self.missing -= part;
            if self.missing > 0 {
                return;
            }
            self.number += 1;
            self.filled = 0;
            seen(Message {
                number: self.number,
                size: self.size(),
                compressed: self.prefix[0] != 0,
            });
        }
    }

    fn size(&self) -> u32 {
        let [_, size @ ..] = self.prefix;
        u32::from_be_bytes(size)
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

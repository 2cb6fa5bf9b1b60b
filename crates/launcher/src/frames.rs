//! Finds the HTTP/2 frames in a stream of bytes, to see which calls start and end.

/// The first bytes of an HTTP/2 connection, sent by the client (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The frame types that start and end a call or a connection (RFC 9113, section 6).
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const GOAWAY: u8 = 7;

/// The flag of the last frame that one side sends on a stream.
pub(crate) const END_STREAM: u8 = 1;

/// One direction of a connection. Only the bytes of an incomplete header are kept.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// The part of the preface that is still to come.
    pub(crate) preface: &'static [u8],
    header: [u8; 9],
    /// How many bytes of `header` have come.
    filled: usize,
    /// How many bytes of the frame's payload are still to come.
    pub(crate) payload: usize,
    /// This is not HTTP/2.
    broken: bool,
}

impl Frames {
    /// The frames of a client, which sends the preface first.
    pub(crate) fn of_client() -> Self {
        Self { preface: PREFACE, ..Self::default() }
    }

    /// Looks at the next bytes, and passes type, flags and stream of each frame to `seen`.
    pub(crate) fn walk(&mut self, mut bytes: &[u8], mut seen: impl FnMut(u8, u8, u32)) {
        while !bytes.is_empty() && !self.broken {
            if !self.preface.is_empty() {
                let length = bytes.len().min(self.preface.len());
                let (expected, preface) = self.preface.split_at(length);
                let (start, rest) = bytes.split_at(length);
                self.broken = start != expected;
                (self.preface, bytes) = (preface, rest);
            } else if self.payload > 0 {
                let length = bytes.len().min(self.payload);
                self.payload -= length;
                bytes = bytes.split_at(length).1;
            } else {
                let Some(space) = self.header.get_mut(self.filled..) else { return };
                let length = bytes.len().min(space.len());
                let (start, rest) = bytes.split_at(length);
                space.split_at_mut(length).0.copy_from_slice(start);
                self.filled += length;
                bytes = rest;
                if self.filled == self.header.len() {
                    let [high, mid, low, kind, flags, stream @ ..] = self.header;
                    let stream = u32::from_be_bytes(stream) & 0x7fff_ffff;
                    self.payload = u32::from_be_bytes([0, high, mid, low]) as usize;
                    self.filled = 0;
                    seen(kind, flags, stream);
                }
            }
        }
    }
}

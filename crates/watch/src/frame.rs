//! HTTP/2 frames (RFC 9113, sections 4 and 6).

use bytes::{Buf, Bytes, BytesMut};
use h2::Reason;

/// How long a frame's header is: three bytes of length, the type, the flags, four bytes of stream.
const HEADER: usize = 9;

/// The longest frame that is kept. A peer needs permission to send more than 16 KiB, and nobody grants
/// more than this.
const MAX_FRAME: usize = 1024 * 1024;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

const NAMES: [&str; 10] = [
    "DATA",
    "HEADERS",
    "PRIORITY",
    "RST_STREAM",
    "SETTINGS",
    "PUSH_PROMISE",
    "PING",
    "GOAWAY",
    "WINDOW_UPDATE",
    "CONTINUATION",
];

/// In DATA and HEADERS: the last frame of this side on the stream.
pub(crate) const END_STREAM: u8 = 0x1;
/// In SETTINGS and PING: an answer. It is the same bit as `END_STREAM`.
const ACK: u8 = 0x1;
/// In HEADERS and CONTINUATION: the header block is complete.
pub(crate) const END_HEADERS: u8 = 0x4;
/// In DATA and HEADERS: the payload ends with meaningless bytes.
const PADDED: u8 = 0x8;
/// In HEADERS: the payload starts with five bytes about priorities.
const PRIORITY: u8 = 0x20;

/// The flags that each frame type has.
const FLAGS: [(u8, u8, &str); 8] = [
    (DATA, END_STREAM, " END_STREAM"),
    (DATA, PADDED, " PADDED"),
    (HEADERS, END_STREAM, " END_STREAM"),
    (HEADERS, END_HEADERS, " END_HEADERS"),
    (HEADERS, PADDED, " PADDED"),
    (CONTINUATION, END_HEADERS, " END_HEADERS"),
    (SETTINGS, ACK, " ACK"),
    (PING, ACK, " ACK"),
];

pub(crate) struct Frame {
    pub(crate) kind: u8,
    flags: u8,
    /// The stream that it belongs to, or 0 for the connection.
    pub(crate) stream: u32,
    payload: Bytes,
}

impl Frame {
    /// Takes the first frame out of `buffer`, if it is complete. Fails with the length of a frame that
    /// is too long to be kept.
    pub(crate) fn take(buffer: &mut BytesMut) -> Result<Option<Self>, usize> {
        let Some((&[high, mid, low, kind, flags, stream @ ..], _)) =
            buffer.split_first_chunk::<HEADER>()
        else {
            return Ok(None);
        };
        let length = usize::from(high) << 16 | usize::from(mid) << 8 | usize::from(low);
        if length > MAX_FRAME {
            return Err(length);
        }
        if buffer.len() < HEADER + length {
            return Ok(None);
        }
        buffer.advance(HEADER);
        let payload = buffer.split_to(length).freeze();
        // The highest bit is reserved.
        let stream = u32::from_be_bytes(stream) & 0x7fff_ffff;
        Ok(Some(Self { kind, flags, stream, payload }))
    }

    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The payload without padding and priorities. `None` if they are longer than the payload.
    pub(crate) fn content(&self) -> Option<Bytes> {
        let mut content = self.payload.clone();
        if matches!(self.kind, DATA | HEADERS) && self.has(PADDED) {
            let padding = usize::from(content.try_get_u8().ok()?);
            content.truncate(content.len().checked_sub(padding)?);
        }
        if self.kind == HEADERS && self.has(PRIORITY) {
            content = (content.len() >= 5).then(|| content.slice(5..))?;
        }
        Some(content)
    }

    /// The frame in one line: type, stream, flags, length, and for some types the payload.
    pub(crate) fn describe(&self) -> String {
        let name = NAMES.get(usize::from(self.kind));
        let name = name.map_or_else(|| format!("type {}", self.kind), ToString::to_string);
        let flags =
            FLAGS.iter().filter(|(kind, flag, _)| *kind == self.kind && self.has(*flag));
        let flags = flags.map(|(_, _, name)| *name).collect::<String>();
        let payload = self.describe_payload().unwrap_or_default();
        format!(
            "{name:<13} stream {}{flags} length {}{payload}",
            self.stream,
            self.payload.len()
        )
    }

    fn describe_payload(&self) -> Option<String> {
        let mut payload = self.payload.clone();
        let mut number = || payload.try_get_u32().ok();
        match self.kind {
            RST_STREAM => Some(format!(": {:?}", Reason::from(number()?))),
            GOAWAY => {
                let (last, reason) = (number()? & 0x7fff_ffff, Reason::from(number()?));
                Some(format!(": streams up to {last}, {reason:?}"))
            }
            WINDOW_UPDATE => Some(format!(": {} bytes more", number()? & 0x7fff_ffff)),
            SETTINGS if !self.payload.is_empty() => {
                let settings = self.settings().map(|(identifier, value)| match identifier {
                    1 => format!("HEADER_TABLE_SIZE = {value}"),
                    2 => format!("ENABLE_PUSH = {value}"),
                    3 => format!("MAX_CONCURRENT_STREAMS = {value}"),
                    4 => format!("INITIAL_WINDOW_SIZE = {value}"),
                    5 => format!("MAX_FRAME_SIZE = {value}"),
                    6 => format!("MAX_HEADER_LIST_SIZE = {value}"),
                    other => format!("setting {other} = {value}"),
                });
                Some(format!(": {}", settings.collect::<Vec<_>>().join(", ")))
            }
            _ => None,
        }
    }

    /// The identifiers and values in a SETTINGS frame.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (u16, u32)> {
        self.payload.chunks_exact(6).filter_map(|mut setting| {
            Some((setting.try_get_u16().ok()?, setting.try_get_u32().ok()?))
        })
    }
}

//! HTTP/2 frames, as they come by (RFC 9113, section 4).

use bytes::{Buf, Bytes, BytesMut};

/// The first bytes of every connection, from the client.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long a frame's header is: three bytes of length, type, flags, and four bytes of stream.
const HEADER: usize = 9;

/// So long may a frame be here. Nobody sends longer ones without having been asked to.
const MAX_FRAME: usize = 1024 * 1024;

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: u8,
    /// What else is said of it; the meaning depends on what it is.
    pub flags: u8,
    /// The stream that it belongs to, or 0 for the connection.
    pub stream: u32,
    /// What it carries.
    pub payload: Bytes,
}

/// The type of a frame with a part of a message.
pub const DATA: u8 = 0;
/// The type of a frame with headers or trailers.
pub const HEADERS: u8 = 1;
/// The type of a frame that ends a stream before its time.
pub const RST_STREAM: u8 = 3;
/// The type of a frame with the sender's settings.
pub const SETTINGS: u8 = 4;
/// The type of a frame with headers that nobody has asked for.
pub const PUSH_PROMISE: u8 = 5;
/// The type of a frame that is to be answered, to see whether anybody is there.
pub const PING: u8 = 6;
/// The type of a frame that says that the connection is about to end.
pub const GOAWAY: u8 = 7;
/// The type of a frame that makes room for more DATA.
pub const WINDOW_UPDATE: u8 = 8;
/// The type of a frame that goes on where HEADERS has ended.
pub const CONTINUATION: u8 = 9;

/// In DATA and HEADERS: the stream's last frame from this side.
pub const END_STREAM: u8 = 0x1;
/// In SETTINGS and PING: an answer.
pub const ACK: u8 = 0x1;
/// In HEADERS and CONTINUATION: the headers are complete.
pub const END_HEADERS: u8 = 0x4;
/// In DATA and HEADERS: bytes without a meaning stand at the end.
pub const PADDED: u8 = 0x8;
/// In HEADERS: five bytes on priorities stand at the start.
pub const PRIORITY: u8 = 0x20;

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

impl Frame {
    /// Takes the first frame out of `buffer`, if all of it is there. Fails with the length of one that is
    /// too long to be kept.
    pub fn take(buffer: &mut BytesMut) -> Result<Option<Self>, usize> {
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

    /// Whether it has this flag.
    #[must_use]
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// What it carries, without padding and priorities. `None` if there is more of them than of it.
    #[must_use]
    pub fn content(&self) -> Option<Bytes> {
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

    /// The frame in words: type, stream, flags, length, and for some what they say.
    #[must_use]
    pub fn describe(&self) -> String {
        let name = NAMES.get(usize::from(self.kind));
        let name = name.map_or_else(|| format!("type {}", self.kind), ToString::to_string);
        let flags = self.flag_names().join(" ");
        let flags = if flags.is_empty() { flags } else { format!(" {flags}") };
        let says = self.says().map(|says| format!(": {says}")).unwrap_or_default();
        format!("{name:<13} stream {}{flags} length {}{says}", self.stream, self.payload.len())
    }

    fn flag_names(&self) -> Vec<&'static str> {
        let names: &[(u8, &str)] = match self.kind {
            DATA => &[(END_STREAM, "END_STREAM"), (PADDED, "PADDED")],
            HEADERS => &[
                (END_STREAM, "END_STREAM"),
                (END_HEADERS, "END_HEADERS"),
                (PADDED, "PADDED"),
                (PRIORITY, "PRIORITY"),
            ],
            CONTINUATION => &[(END_HEADERS, "END_HEADERS")],
            SETTINGS | PING => &[(ACK, "ACK")],
            _ => &[],
        };
        names.iter().filter(|(flag, _)| self.has(*flag)).map(|(_, name)| *name).collect()
    }

    fn says(&self) -> Option<String> {
        let number = |at: usize| {
            let bytes = self.payload.get(at..)?.first_chunk()?;
            Some(u32::from_be_bytes(*bytes))
        };
        match self.kind {
            RST_STREAM => Some(format!("{:?}", h2::Reason::from(number(0)?))),
            SETTINGS if !self.payload.is_empty() => {
                Some(self.settings().map(setting).collect::<Vec<_>>().join(", "))
            }
            GOAWAY => Some(format!(
                "streams up to {}, {:?}",
                number(0)? & 0x7fff_ffff,
                h2::Reason::from(number(4)?)
            )),
            WINDOW_UPDATE => Some(format!("{} bytes more", number(0)? & 0x7fff_ffff)),
            _ => None,
        }
    }

    /// The settings in a SETTINGS frame: identifier and value.
    pub fn settings(&self) -> impl Iterator<Item = (u16, u32)> {
        self.payload.chunks_exact(6).filter_map(|mut setting| {
            Some((setting.try_get_u16().ok()?, setting.try_get_u32().ok()?))
        })
    }
}

fn setting((identifier, value): (u16, u32)) -> String {
    let name = match identifier {
        1 => "HEADER_TABLE_SIZE",
        2 => "ENABLE_PUSH",
        3 => "MAX_CONCURRENT_STREAMS",
        4 => "INITIAL_WINDOW_SIZE",
        5 => "MAX_FRAME_SIZE",
        6 => "MAX_HEADER_LIST_SIZE",
        8 => "ENABLE_CONNECT_PROTOCOL",
        _ => return format!("setting {identifier} = {value}"),
    };
    format!("{name} = {value}")
}

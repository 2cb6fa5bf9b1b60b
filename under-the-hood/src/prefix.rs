//! Step 2: the length prefix.
//!
//! To HTTP/2 a body is a stream of bytes. It cuts them into DATA frames wherever it likes, so a frame is
//! not a message. gRPC marks where each message ends by sending its length first.

use bytes::{BufMut, Bytes, BytesMut};
use h2::RecvStream;
use wire::{
    code::{self, INTERNAL, UNAVAILABLE},
    prefix::{LENGTH, Malformed, Messages},
    status::Status,
};

/// Puts the prefix in front of a message: a flag that says "not compressed", and the length in four
/// bytes, highest byte first. (protobuf has the lowest byte first.)
pub fn frame(message: &[u8]) -> Result<Bytes, Malformed> {
    let length = u32::try_from(message.len()).map_err(|_| Malformed::TooLong(message.len()))?;
    let mut framed = BytesMut::with_capacity(LENGTH + message.len());
    framed.put_u8(0);
    framed.put_u32(length);
    framed.put_slice(message);
    Ok(framed.freeze())
}

/// The way back: receives the messages of one direction of a call.
pub(crate) struct Receiver {
    pub(crate) stream: RecvStream,
    messages: Messages,
}

impl Receiver {
    /// Production: without a `limit` on the length of a message, a peer could fill our memory.
    pub(crate) fn new(stream: RecvStream, limit: usize) -> Self {
        Self { stream, messages: Messages::new(limit) }
    }

    /// The next message, or `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = self.messages.take()? {
                if message.compressed {
                    let text = "a message is compressed, and grpc-encoding does not say how";
                    return Err(Status::new(INTERNAL, text));
                }
                return Ok(Some(message.bytes));
            }
            let Some(data) = self.stream.data().await else {
                // Fails if the stream ends in the middle of a message.
                self.messages.end()?;
                return Ok(None);
            };
            let data = data.map_err(broken)?;
            self.messages.push(&data);
            // Flow control: the sender may now send as many bytes again as we have just read. Without
            // this, it would stop after the first 64 KiB and wait for ever.
            self.stream.flow_control().release_capacity(data.len()).map_err(broken)?;
        }
    }
}

/// The status of a call whose stream or connection broke. No peer sent one, so the receiver makes it.
#[expect(clippy::needless_pass_by_value, reason = "so that it fits map_err")]
pub(crate) fn broken(error: h2::Error) -> Status {
    let code = match error.reason() {
        Some(reason) if error.is_reset() => code::from_reset(reason.into()),
        // The whole connection is lost. A retry on another one may succeed.
        _ => UNAVAILABLE,
    };
    Status::new(code, error.to_string())
}

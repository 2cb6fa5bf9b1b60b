//! Headers and messages in words.

use loona_hpack::Decoder;

use crate::{
    framing::{Malformed, Messages},
    raw,
};

/// So many lines of a message are shown.
const MAX_LINES: usize = 20;

/// The headers of a complete block, up to so many bytes, and whether there are more. Fails if they
/// cannot be decoded.
pub(crate) fn headers(
    decoder: &mut Decoder<'_>,
    block: &[u8],
    limit: usize,
) -> Result<(Vec<(String, String)>, bool), String> {
    let (mut size, mut headers) = (0, Vec::new());
    let result = decoder.decode_with_cb(block, |name, value| {
        // A byte can stand for a header of kilobytes.
        size += name.len() + value.len();
        if size <= limit {
            headers.push((name.escape_ascii().to_string(), value.escape_ascii().to_string()));
        }
    });
    result.map_err(|error| format!("{error:?}"))?;
    Ok((headers, size > limit))
}

/// The messages that are complete, and whether what follows them cannot be told apart.
pub(crate) fn messages(messages: &mut Messages) -> (Vec<String>, bool) {
    let mut said = Vec::new();
    loop {
        match messages.take() {
            Ok(Some(message)) if message.compressed => {
                said.push(format!("  message of {} bytes, compressed", message.bytes.len()));
            }
            Ok(Some(message)) => {
                said.push(format!("  message of {} bytes", message.bytes.len()));
                said.extend(fields(&message.bytes));
            }
            Ok(None) => return (said, false),
            Err(Malformed::TooLong(length)) => {
                said.push(format!("  message of {length} bytes, too long to be shown"));
                messages.skip(length);
            }
            Err(error) => {
                said.push(format!("  messages cannot be told apart from here on: {error}"));
                return (said, true);
            }
        }
    }
}

fn fields(message: &[u8]) -> Vec<String> {
    let fields = match raw::lines(message) {
        Ok(fields) => fields,
        Err(error) => return vec![format!("    it is not protobuf: {error}")],
    };
    let shown = fields.iter().take(MAX_LINES).map(|field| format!("    {field}"));
    let mut lines = shown.collect::<Vec<_>>();
    if fields.len() > MAX_LINES {
        lines.push("    ...".to_owned());
    }
    lines
}

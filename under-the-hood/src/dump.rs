//! Bytes, and what they are, side by side.

use crate::encode::Piece;

/// So many bytes stand on a line.
const WIDTH: usize = 8;

/// A line for each piece, and more for a long one: where it stands, its bytes, and what they are.
pub fn annotated(pieces: &[Piece]) -> impl Iterator<Item = String> + '_ {
    let mut offset = 0;
    pieces.iter().flat_map(move |Piece { bytes, note }| {
        let start = offset;
        offset += bytes.len();
        bytes.chunks(WIDTH).enumerate().map(move |(number, chunk)| {
            let note = if number == 0 { note } else { "" };
            let hex = hex(chunk);
            format!("{:04x}  {hex:<24}{note}", start + number * WIDTH).trim_end().to_owned()
        })
    })
}

/// The bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    digits.collect::<Vec<_>>().join(" ")
}

//! A decompression bomb: a message of 200 kB that expands to 200 MB.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::{Compression, write::DeflateEncoder};
use prost::encoding::{WireType, encode_key, encode_varint};

/// An `Order` with a description of 200 MB, compressed with gzip, behind the prefix of a gRPC message.
///
/// It takes neither time nor memory to make, because the same compressed block is used 200 times. Only
/// gzip's checksum at the end is missing. No receiver should come that far.
pub fn bomb() -> io::Result<Bytes> {
    let (block, blocks) = (vec![b'x'; 1_000_000], 200);
    // The description is field 3 of an `Order`. In protobuf its length precedes it.
    let mut order = Vec::new();
    encode_key(3, WireType::LengthDelimited, &mut order);
    encode_varint((blocks * block.len()) as u64, &mut order);

    // The ten bytes of gzip's header, and the compressed blocks (RFC 1952).
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    gzip.extend(deflated(&order)?);
    gzip.extend(deflated(&block)?.repeat(blocks));

    // The prefix: 1 for "compressed", and the length of the *compressed* message. Nothing in front of the
    // message says how large it becomes.
    let mut message = vec![1];
    message.extend(u32::try_from(gzip.len()).map_err(io::Error::other)?.to_be_bytes());
    message.extend(gzip);
    Ok(message.into())
}

/// Compresses data into blocks that can be repeated.
fn deflated(data: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data)?;
    encoder.flush()?;
    Ok(encoder.get_ref().clone())
}

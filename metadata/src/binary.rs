//! Binary values: arbitrary bytes, which travel as base64 because a header can only contain text.

use base64::{
    DecodeError, Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, general_purpose::NO_PAD},
};
use tonic::metadata::MetadataMap;

/// Senders may pad the base64 with `=` or not, and a receiver must accept both.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    NO_PAD.with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Returns the values of the binary key `key`, in the order in which they were sent.
///
/// tonic encodes a binary value when you insert it, and `MetadataValue::to_bytes` decodes it. But HTTP
/// allows proxies and libraries to join several values of one key with commas. The specification asks
/// receivers to split them again. Base64 never contains a comma, so this is safe. tonic does not split
/// them, and `to_bytes` fails then.
///
/// An ASCII value may contain commas, so do not split the values of an ASCII key.
///
/// # Errors
///
/// A value is not base64. The sender may be wrong about a name that ends in `-bin`.
pub fn values(metadata: &MetadataMap, key: &str) -> Result<Vec<Vec<u8>>, DecodeError> {
    metadata
        .get_all_bin(key)
        .iter()
        .flat_map(|value| value.as_encoded_bytes().split(|byte| *byte == b','))
        .map(|value| BASE64.decode(value.trim_ascii()))
        .collect()
}

//! Step 1: a protobuf message, byte by byte (protobuf.dev, "Encoding").
//!
//! A message is a sequence of fields. A field is a tag and a value, and the tag is the field's number
//! and the value's wire type. Names are not sent. So a field can be renamed, but never renumbered.

use proto::ecommerce::Product;
use wire::{decode::WireType, raw};

/// A message as it grows: pieces of bytes, each with a note that says what they are.
#[derive(Clone, Debug, Default)]
pub struct Message(Vec<(Vec<u8>, String)>);

/// Encodes a product, as prost would.
#[must_use]
pub fn product(product: &Product) -> Message {
    let mut message = Message::default();
    // proto3 does not send a field that has its default value. The reader finds no field, and sets it
    // to the default.
    for (number, name, value) in [
        (1, "id", &product.id),
        (2, "name", &product.name),
        (3, "description", &product.description),
    ] {
        if !value.is_empty() {
            message.string(number, name, value);
        }
    }
    // The default is 0.0. -0.0 has other bits, so it is sent.
    if product.price.to_bits() != 0 {
        message.float(4, "price", product.price);
    }
    message
}

/// Encodes a message whose only field is a string: a `ProductID` or a `StringValue`.
pub(crate) fn text(value: &str) -> Message {
    let mut message = Message::default();
    message.string(1, "value", value);
    message
}

impl Message {
    /// Adds a string. Its length comes first, because nothing marks its end.
    pub fn string(&mut self, number: u32, name: &str, value: &str) {
        self.tag(number, WireType::LengthDelimited, name);
        let note = format!("{} bytes follow", value.len());
        self.0.push((varint(value.len() as u64), note));
        self.0.push((value.as_bytes().to_vec(), format!("{value:?}")));
    }

    /// Adds a float. It always has four bytes, and needs no length.
    pub fn float(&mut self, number: u32, name: &str, value: f32) {
        self.tag(number, WireType::Fixed32, name);
        let note = format!("{value}, IEEE 754, lowest byte first");
        self.0.push((value.to_le_bytes().to_vec(), note));
    }

    /// The wire type tells a reader how to find the end of the value. So an old program can skip a
    /// field that it does not know.
    fn tag(&mut self, number: u32, wire_type: WireType, name: &str) {
        let tag = u64::from(number) << 3 | wire_type as u64;
        let note = format!("field {number}, {name}: {number} << 3 | {}", wire_type as u8);
        self.0.push((varint(tag), note));
    }

    /// The bytes of the message.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(bytes, _)| bytes).copied().collect()
    }

    /// The bytes and their notes side by side.
    pub fn dump(&self) -> impl Iterator<Item = String> {
        raw::dump(&self.0)
    }
}

/// A number in base 128, the lowest seven bits first. The highest bit of each byte says whether another
/// byte follows. So a small number, such as most lengths and tags, takes one byte.
fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

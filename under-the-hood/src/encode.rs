//! A message, field by field, with nothing but the rules (protobuf.dev, "Encoding").
//!
//! A message is its fields, one behind the other. A field is a tag and a value. The tag holds the
//! field's number and the value's wire type, which is all that a reader needs to find the next field.
//! No names are sent, and no types but for the wire type.

use proto::ecommerce::Product;

/// How a value is laid out, as the lowest three bits of a tag say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireType {
    /// A number in as few bytes as it needs: bool, enum, int32, uint64, sint32, ...
    Varint = 0,
    /// 8 bytes: double, fixed64, sfixed64.
    Fixed64 = 1,
    /// A length and so many bytes: string, bytes, a message, a packed repeated field.
    LengthDelimited = 2,
    /// What stands between this and the tag of its end. Nobody uses groups any more.
    StartGroup = 3,
    /// The end of a group.
    EndGroup = 4,
    /// 4 bytes: float, fixed32, sfixed32.
    Fixed32 = 5,
}

/// A number in base 128, the lowest seven bits first. The highest bit of a byte says that another
/// byte follows.
#[must_use]
pub fn varint(mut number: u64) -> Vec<u8> {
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

/// A signed number as an unsigned one, so that small negative numbers are small too: 0, -1, 1, -2
/// become 0, 1, 2, 3. (As a plain varint, -1 takes ten bytes: it is the largest number.)
#[must_use]
pub fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// Some bytes of a message, and what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What they are, in words.
    pub note: String,
}

/// A message as it grows.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    /// What it consists of.
    pub pieces: Vec<Piece>,
}

impl Encoder {
    /// The message's bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|piece| &piece.bytes).copied().collect()
    }

    fn piece(&mut self, bytes: Vec<u8>, note: impl Into<String>) {
        self.pieces.push(Piece { bytes, note: note.into() });
    }

    fn tag(&mut self, number: u32, wire_type: WireType, name: &str) {
        let tag = u64::from(number) << 3 | wire_type as u64;
        let note = format!("field {number}, {name}: {number} << 3 | {}", wire_type as u8);
        self.piece(varint(tag), note);
    }

    /// A field that is a number: bool, enum, int32, int64, uint32 or uint64. A negative number is the
    /// unsigned one of the same 64 bits.
    pub fn number(&mut self, number: u32, name: &str, value: u64) {
        self.tag(number, WireType::Varint, name);
        self.piece(varint(value), value.to_string());
    }

    /// A field that is a sint32 or sint64.
    pub fn signed(&mut self, number: u32, name: &str, value: i64) {
        self.tag(number, WireType::Varint, name);
        self.piece(varint(zigzag(value)), format!("{value}, in zigzag"));
    }

    /// A field that is a float.
    pub fn float(&mut self, number: u32, name: &str, value: f32) {
        self.tag(number, WireType::Fixed32, name);
        self.piece(
            value.to_le_bytes().to_vec(),
            format!("{value}, IEEE 754, lowest byte first"),
        );
    }

    /// A field that is a string.
    pub fn string(&mut self, number: u32, name: &str, value: &str) {
        self.tag(number, WireType::LengthDelimited, name);
        self.length(value.len());
        self.piece(value.as_bytes().to_vec(), format!("{value:?}"));
    }

    /// A field that is a message.
    pub fn message(&mut self, number: u32, name: &str, value: Self) {
        self.tag(number, WireType::LengthDelimited, name);
        self.length(value.bytes().len());
        self.pieces.extend(value.pieces);
    }

    /// A repeated field of numbers, packed: one tag for all of them.
    pub fn packed(&mut self, number: u32, name: &str, values: &[u64]) {
        if values.is_empty() {
            return;
        }
        self.tag(number, WireType::LengthDelimited, name);
        let values = values.iter().map(|value| (varint(*value), value.to_string()));
        let values = values.collect::<Vec<_>>();
        self.length(values.iter().map(|(bytes, _)| bytes.len()).sum());
        for (bytes, note) in values {
            self.piece(bytes, note);
        }
    }

    /// An entry of a map from strings to numbers: a map is a repeated message with a key and a value.
    pub fn map_entry(&mut self, number: u32, name: &str, key: &str, value: u64) {
        let mut entry = Self::default();
        entry.string(1, "key", key);
        entry.number(2, "value", value);
        self.message(number, name, entry);
    }

    fn length(&mut self, length: usize) {
        self.piece(varint(length as u64), format!("{length} bytes follow"));
    }
}

/// A product, by hand. What has its default value is not sent, as proto3 has it.
#[must_use]
pub fn product(product: &Product) -> Encoder {
    let mut message = Encoder::default();
    let strings = [
        (1, "id", &product.id),
        (2, "name", &product.name),
        (3, "description", &product.description),
    ];
    for (number, name, value) in strings {
        if !value.is_empty() {
            message.string(number, name, value);
        }
    }
    // -0.0 is not the default: its bits are others.
    if product.price.to_bits() != 0 {
        message.float(4, "price", product.price);
    }
    message
}

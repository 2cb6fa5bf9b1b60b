//! A message, taken apart without its definition.
//!
//! Nothing is copied here: a field points into the bytes that it was found in. And nothing is allocated,
//! but for the numbers of groups that are open.

use crate::encode::WireType;
pub use crate::malformed::{Malformed, Reason};

/// A field as it stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field<'a> {
    /// Its number, from 1 to 536,870,911.
    pub number: u32,
    /// Its value, as far as it can be told.
    pub value: Value<'a>,
}

/// A value whose type is not known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A number of a kind.
    Varint(u64),
    /// 8 bytes: a number, or a double.
    Fixed64(u64),
    /// A string, bytes, a message, or several numbers.
    LengthDelimited(&'a [u8]),
    /// The fields of a group.
    Group(&'a [u8]),
    /// 4 bytes: a number, or a float.
    Fixed32(u32),
}

/// How deep groups may stand in groups, as in protobuf's own readers.
const MAX_DEPTH: usize = 100;

/// The fields of a message. Ends after the first error.
pub fn fields(message: &[u8]) -> impl Iterator<Item = Result<Field<'_>, Malformed>> {
    let mut reader = Reader { message, rest: message };
    std::iter::from_fn(move || {
        if reader.rest.is_empty() {
            return None;
        }
        let field = reader.field();
        if field.is_err() {
            reader.rest = &[];
        }
        Some(field)
    })
}

/// The numbers of a packed repeated field whose type is a varint's.
pub fn packed(values: &[u8]) -> impl Iterator<Item = Result<u64, Malformed>> {
    let mut reader = Reader { message: values, rest: values };
    std::iter::from_fn(move || {
        if reader.rest.is_empty() {
            return None;
        }
        let number = reader.varint();
        if number.is_err() {
            reader.rest = &[];
        }
        Some(number)
    })
}

/// The signed number that was sent in zigzag.
#[must_use]
pub fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

/// A message, and what is left of it to read.
struct Reader<'a> {
    message: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn field(&mut self) -> Result<Field<'a>, Malformed> {
        let start = self.offset();
        let (number, wire_type) = self.tag()?;
        let value = match wire_type {
            WireType::Varint => Value::Varint(self.varint()?),
            WireType::Fixed64 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
            WireType::LengthDelimited => Value::LengthDelimited(self.delimited()?),
            WireType::StartGroup => Value::Group(self.group(number)?),
            WireType::EndGroup => return Err(malformed(start, Reason::EndGroup)),
            WireType::Fixed32 => Value::Fixed32(u32::from_le_bytes(self.array()?)),
        };
        Ok(Field { number, value })
    }

    fn tag(&mut self) -> Result<(u32, WireType), Malformed> {
        let start = self.offset();
        let tag = self.varint()?;
        let wire_type = match tag & 7 {
            0 => WireType::Varint,
            1 => WireType::Fixed64,
            2 => WireType::LengthDelimited,
            3 => WireType::StartGroup,
            4 => WireType::EndGroup,
            5 => WireType::Fixed32,
            _ => return Err(malformed(start, Reason::WireType)),
        };
        match u32::try_from(tag >> 3) {
            Ok(number @ 1..=0x1fff_ffff) => Ok((number, wire_type)),
            _ => Err(malformed(start, Reason::FieldNumber)),
        }
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let start = self.offset();
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            // There is room for one bit of the tenth byte.
            if shift == 63 && byte > 1 {
                break;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(malformed(start, Reason::EndlessVarint))
    }

    fn delimited(&mut self) -> Result<&'a [u8], Malformed> {
        let start = self.offset();
        // Compared with what is there before anything is made of it: to claim terabytes is easy.
        let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        let taken = self.rest.split_at_checked(length);
        let (value, rest) = taken.ok_or(malformed(start, Reason::LengthPastEnd))?;
        self.rest = rest;
        Ok(value)
    }

    /// What stands in a group, to which there is no length: it has to be read to its end.
    fn group(&mut self, number: u32) -> Result<&'a [u8], Malformed> {
        let inside = self.rest;
        let mut open = vec![number];
        loop {
            let (start, before) = (self.offset(), self.rest.len());
            let (number, wire_type) = self.tag()?;
            match wire_type {
                WireType::Varint => drop(self.varint()?),
                WireType::Fixed64 => drop(self.array::<8>()?),
                WireType::Fixed32 => drop(self.array::<4>()?),
                WireType::LengthDelimited => drop(self.delimited()?),
                WireType::StartGroup if open.len() == MAX_DEPTH => {
                    return Err(malformed(start, Reason::TooDeep));
                }
                WireType::StartGroup => open.push(number),
                WireType::EndGroup if open.pop() != Some(number) => {
                    return Err(malformed(start, Reason::EndGroup));
                }
                WireType::EndGroup if open.is_empty() => {
                    let (inside, _) = inside.split_at(inside.len() - before);
                    return Ok(inside);
                }
                WireType::EndGroup => {}
            }
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let truncated = malformed(self.message.len(), Reason::Truncated);
        let (array, rest) = self.rest.split_first_chunk().ok_or(truncated)?;
        self.rest = rest;
        Ok(*array)
    }

    fn offset(&self) -> usize {
        self.message.len() - self.rest.len()
    }
}

fn malformed(offset: usize, reason: Reason) -> Malformed {
    Malformed { offset, reason }
}

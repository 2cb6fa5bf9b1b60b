//! Reads the fields of a protobuf message without its definition (protobuf.dev, "Encoding").
//!
//! Each field starts with a tag: the field's number and the [`WireType`] of its value, which is all
//! that a reader needs to find the next field. Names and types are not sent.
//!
//! Nothing is copied: a field borrows from the message. Nothing is allocated either, except the numbers
//! of open groups.

use std::{error, fmt};

/// How a value is laid out: the lowest three bits of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireType {
    /// A number in as few bytes as it needs: bool, enum, int32, uint64, sint32, ...
    Varint = 0,
    /// 8 bytes: double, fixed64, sfixed64.
    Fixed64 = 1,
    /// A length and that many bytes: string, bytes, a message, a packed repeated field.
    LengthDelimited = 2,
    /// The start of a group, which lasts until the tag that ends it. Groups are deprecated.
    StartGroup = 3,
    /// The end of a group.
    EndGroup = 4,
    /// 4 bytes: float, fixed32, sfixed32.
    Fixed32 = 5,
}

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field<'a> {
    /// Its number, from 1 to 536,870,911.
    pub number: u32,
    /// Its value, as far as the bytes alone tell it.
    pub value: Value<'a>,
}

/// A value whose type is not known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A number.
    Varint(u64),
    /// 8 bytes: a number or a double.
    Fixed64(u64),
    /// A string, bytes, a message, or several numbers.
    LengthDelimited(&'a [u8]),
    /// The fields of a group.
    Group(&'a [u8]),
    /// 4 bytes: a number or a float.
    Fixed32(u32),
}

/// How deep groups may be nested. protobuf's own readers have the same limit.
const MAX_DEPTH: usize = 100;

/// The fields of a message, in order. Ends after the first error.
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

/// A message, and the part of it that is still to be read.
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

    /// A number in base 128, the lowest seven bits first. The highest bit of each byte says whether
    /// another byte follows.
    fn varint(&mut self) -> Result<u64, Malformed> {
        let start = self.offset();
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            // Only one bit of the tenth byte fits into 64 bits.
            if shift == 63 && byte > 1 {
                break;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(malformed(start, Reason::LongVarint))
    }

    fn delimited(&mut self) -> Result<&'a [u8], Malformed> {
        let start = self.offset();
        // A length is compared with the bytes that are there before it is used, because anybody can
        // send a length of terabytes.
        let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        let taken = self.rest.split_at_checked(length);
        let (value, rest) = taken.ok_or(malformed(start, Reason::LengthPastEnd))?;
        self.rest = rest;
        Ok(value)
    }

    /// A group has no length, so it has to be read to find its end.
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

/// Why bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The index of the first byte that is wrong.
    pub offset: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// What can be wrong with the bytes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// They end in the middle of a value or a group.
    Truncated,
    /// A varint has more than ten bytes or more than 64 bits.
    LongVarint,
    /// A length exceeds the bytes that are left.
    LengthPastEnd,
    /// A field number is not from 1 to 536,870,911.
    FieldNumber,
    /// A wire type is 6 or 7.
    WireType,
    /// A group ends that is not the innermost open one.
    EndGroup,
    /// Groups are nested more than 100 deep.
    TooDeep,
}

fn malformed(offset: usize, reason: Reason) -> Malformed {
    Malformed { offset, reason }
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            Reason::Truncated => "the bytes end in the middle of a value",
            Reason::LongVarint => "a varint has more than 64 bits",
            Reason::LengthPastEnd => "a length exceeds the bytes that are left",
            Reason::FieldNumber => "a field number is not from 1 to 536870911",
            Reason::WireType => "a wire type does not exist",
            Reason::EndGroup => "a group ends that has not started",
            Reason::TooDeep => "groups are nested more than 100 deep",
        };
        write!(formatter, "at byte {}: {reason}", self.offset)
    }
}

impl error::Error for Malformed {}

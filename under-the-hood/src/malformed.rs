//! What can be wrong with the bytes of a message.

use std::fmt;

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Where in the bytes the reason stands.
    pub offset: usize,
    /// The reason.
    pub reason: Reason,
}

/// What can be wrong with bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// They end in the middle of a value or a group.
    Truncated,
    /// A varint goes on after ten bytes, or has more than 64 bits.
    EndlessVarint,
    /// A length leads past the end.
    LengthPastEnd,
    /// No field has the number 0, nor one above 536,870,911.
    FieldNumber,
    /// There are no wire types 6 and 7.
    WireType,
    /// A group ends that has not begun, or another than has.
    EndGroup,
    /// Groups stand in groups more than 100 deep.
    TooDeep,
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            Reason::Truncated => "the bytes end in the middle of a value",
            Reason::EndlessVarint => "a varint of more than 64 bits",
            Reason::LengthPastEnd => "a length that leads past the end",
            Reason::FieldNumber => "a field number that is not from 1 to 536870911",
            Reason::WireType => "a wire type that does not exist",
            Reason::EndGroup => "the end of a group that has not begun",
            Reason::TooDeep => "groups in groups, more than 100 deep",
        };
        write!(formatter, "at byte {}: {reason}", self.offset)
    }
}

impl std::error::Error for Malformed {}

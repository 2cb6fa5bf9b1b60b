//! Reading and showing messages, compared with prost.

use std::collections::BTreeMap;

use proptest::prelude::*;
use prost::Message;
use wire::{
    decode::{Field, Malformed, Reason, Value, WireType, fields},
    raw,
};

/// A field of every kind.
#[derive(Clone, PartialEq, Message)]
struct Everything {
    #[prost(int64, tag = "1")]
    number: i64,
    #[prost(sint64, tag = "2")]
    signed: i64,
    #[prost(fixed32, tag = "3")]
    fixed32: u32,
    #[prost(double, tag = "4")]
    double: f64,
    #[prost(string, tag = "16")]
    string: String,
    #[prost(bytes = "vec", tag = "2048")]
    bytes: Vec<u8>,
    #[prost(message, optional, boxed, tag = "536870911")]
    inner: Option<Box<Everything>>,
    #[prost(uint64, repeated, tag = "5")]
    packed: Vec<u64>,
    #[prost(btree_map = "string, uint64", tag = "6")]
    map: BTreeMap<String, u64>,
    #[prost(sint32, repeated, packed = "false", tag = "7")]
    unpacked: Vec<i32>,
}

fn everything() -> impl Strategy<Value = Everything> {
    let leaf = (
        any::<i64>(),
        any::<i64>(),
        any::<u32>(),
        any::<f64>(),
        ".{0,40}",
        prop::collection::vec(any::<u8>(), 0..40),
        prop::collection::vec(any::<u64>(), 0..5),
        prop::collection::btree_map(".{0,5}", any::<u64>(), 0..3),
        prop::collection::vec(any::<i32>(), 0..5),
    )
        .prop_map(
            |(number, signed, fixed32, double, string, bytes, packed, map, unpacked)| {
                let inner = None;
                Everything {
                    number,
                    signed,
                    fixed32,
                    double,
                    string,
                    bytes,
                    inner,
                    packed,
                    map,
                    unpacked,
                }
            },
        );
    leaf.prop_recursive(4, 8, 1, |inner| {
        (inner.clone(), inner)
            .prop_map(|(inner, outer)| Everything { inner: Some(Box::new(inner)), ..outer })
    })
}

/// Writes the fields of a message as they were read.
fn again(message: &[u8]) -> Vec<u8> {
    let varint = |number: u64| {
        let mut bytes = Vec::new();
        prost::encoding::encode_varint(number, &mut bytes);
        bytes
    };
    let tag = |number: u32, wire_type| varint(u64::from(number) << 3 | wire_type as u64);
    let field = |field: Result<Field<'_>, Malformed>| {
        let Field { number, value } = field.expect("it is a message");
        match value {
            Value::Varint(value) => [tag(number, WireType::Varint), varint(value)].concat(),
            Value::Fixed64(value) => {
                [tag(number, WireType::Fixed64), value.to_le_bytes().to_vec()].concat()
            }
            Value::Fixed32(value) => {
                [tag(number, WireType::Fixed32), value.to_le_bytes().to_vec()].concat()
            }
            Value::LengthDelimited(value) => {
                let length = varint(value.len() as u64);
                [tag(number, WireType::LengthDelimited), length, value.to_vec()].concat()
            }
            Value::Group(value) => [
                tag(number, WireType::StartGroup),
                value.to_vec(),
                tag(number, WireType::EndGroup),
            ]
            .concat(),
        }
    };
    fields(message).flat_map(field).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_field_that_prost_writes_is_read(message in everything()) {
        let bytes = message.encode_to_vec();
        prop_assert_eq!(again(&bytes), bytes);
    }

    #[test]
    fn the_same_bytes_are_refused_as_by_prost(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        // A message without fields skips all fields as unknown.
        let prost = <() as Message>::decode(&*bytes);
        let ours = fields(&bytes).collect::<Result<Vec<_>, _>>();
        prop_assert_eq!(ours.is_ok(), prost.is_ok(), "{:?}, {:?}", ours, prost);
    }

    #[test]
    fn an_error_has_an_offset_within_the_message(
        message in everything(), cut in any::<prop::sample::Index>(), bit in any::<u16>(),
    ) {
        let mut bytes = message.encode_to_vec();
        prop_assume!(!bytes.is_empty());
        let at = cut.index(bytes.len());
        bytes[at] ^= 1 << (bit % 8);
        bytes.truncate(bytes.len() - usize::from(bit) % bytes.len());
        if let Some(Err(error)) = fields(&bytes).last() {
            prop_assert!(error.offset <= bytes.len());
        }
        let _ = raw::lines(&bytes);
    }

    #[test]
    fn reading_any_bytes_allocates_almost_nothing(
        bytes in prop::collection::vec(prop::sample::select(&[0, 1, 2, 3, 4, 8, 10, 11, 0x0b, 0x0c, 0x7f, 0x80, 0xff][..]), 0..2_000),
    ) {
        let measured = allocation_counter::measure(|| {
            for field in fields(&bytes) {
                let _ = field;
            }
        });
        prop_assert!(measured.bytes_max <= 1_024, "{:?}", measured);
    }

    #[test]
    fn showing_any_bytes_allocates_in_proportion_to_them(
        bytes in prop::collection::vec(prop::sample::select(&[0, 1, 2, 3, 4, 8, 10, 11, 0x0b, 0x0c, 0x7f, 0x80, 0xff][..]), 0..2_000),
    ) {
        let measured = allocation_counter::measure(|| {
            let _ = raw::lines(&bytes);
        });
        prop_assert!(measured.bytes_max <= 100 * bytes.len() as u64 + 1_024, "{:?} of {}", measured, bytes.len());
    }
}

#[test]
fn an_error_says_where_and_why() {
    for (bytes, offset, reason) in [
        (&[0x08][..], 1, Reason::Truncated),
        (&[0x08, 0x96], 2, Reason::Truncated),
        (&[0x0d, 1, 2, 3], 4, Reason::Truncated),
        (&[0x09, 1, 2, 3, 4, 5, 6, 7], 8, Reason::Truncated),
        (
            &[0x08, 1, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            3,
            Reason::LongVarint,
        ),
        (
            &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
            1,
            Reason::LongVarint,
        ),
        (&[0x08, 1, 0x12, 5, b'a'], 3, Reason::LengthPastEnd),
        (
            &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            1,
            Reason::LengthPastEnd,
        ),
        (&[0x08, 1, 0x00, 1], 2, Reason::FieldNumber),
        (&[0x80, 0x80, 0x80, 0x80, 0x10, 1], 0, Reason::FieldNumber),
        (&[0x08, 1, 0x0e], 2, Reason::WireType),
        (&[0x0f], 0, Reason::WireType),
        (&[0x0c], 0, Reason::EndGroup),
        (&[0x0b, 0x14], 1, Reason::EndGroup),
        (&[0x0b, 0x08, 1], 3, Reason::Truncated),
        (&[0x0b; 101], 100, Reason::TooDeep),
    ] {
        let error = fields(bytes).find_map(Result::err);
        assert_eq!(error, Some(Malformed { offset, reason }), "{bytes:02x?}");
    }
}

#[test]
fn a_message_is_shown_without_its_definition() {
    let everything = Everything {
        number: 150,
        signed: 75,
        double: 1.5,
        string: "two\nlines".into(),
        bytes: vec![0xff, 0],
        inner: Some(Box::new(Everything {
            fixed32: 1,
            string: "상품".into(),
            ..Everything::default()
        })),
        packed: vec![1, 300],
        map: BTreeMap::from([("ten".to_owned(), 10)]),
        ..Everything::default()
    };
    let mut bytes = everything.encode_to_vec();
    bytes.extend([0x4b, 0x08, 2, 0x4c]);
    let lines = raw::lines(&bytes).expect("it is a message");
    assert_eq!(
        lines.join("\n"),
        "1: 150\n\
         2: 150\n\
         4: 0x3ff8000000000000 (as a double 1.5)\n\
         5: \"\\x01\\xac\\x02\"\n\
         6 {\n  1: \"ten\"\n  2: 10\n}\n\
         16: \"two\\nlines\"\n\
         2048: \"\\xff\\x00\"\n\
         536870911 {\n  3: 0x00000001 (as a float 0.000000000000000000000000000000000000000000001)\n  16: \"상품\"\n}\n\
         9 {\n  1: 2\n}"
    );
}

#[test]
fn a_dump_shows_all_bytes_in_order_and_each_note_once() {
    let pieces =
        [(vec![0x12], "a tag".to_owned()), ((0..10).collect(), "ten bytes".to_owned())];
    assert_eq!(
        raw::dump(&pieces).collect::<Vec<_>>(),
        [
            "0000  12                      a tag",
            "0001  00 01 02 03 04 05 06 07 ten bytes",
            "0009  08 09",
        ]
    );
}

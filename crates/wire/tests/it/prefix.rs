//! The length prefix.

use wire::prefix::{Lengths, Malformed, Message, Messages, Prefix};

const BODY: &[u8] = b"\0\0\0\0\x03abc\x01\0\0\0\0\0\0\0\0\x01x";

fn prefix(length: u32, compressed: bool) -> Prefix {
    Prefix { compressed, length }
}

#[test]
fn a_prefix_is_a_flag_and_a_length_with_the_highest_byte_first() {
    assert_eq!(Prefix::parse([0, 0, 0, 0, 0x15]), Ok(prefix(21, false)));
    assert_eq!(Prefix::parse([1, 1, 2, 3, 4]), Ok(prefix(0x0102_0304, true)));
    assert_eq!(Prefix::parse([2, 0, 0, 0, 0]), Err(Malformed::Flag(2)));
}

#[test]
fn lengths_are_found_however_the_bytes_are_cut() {
    let expected = [prefix(3, false), prefix(0, true), prefix(1, false)];
    for size in 1..=BODY.len() {
        let (mut lengths, mut seen) = (Lengths::default(), Vec::new());
        for part in BODY.chunks(size) {
            lengths.read(part, |prefix| seen.push(prefix)).expect("the flags are 0 and 1");
            lengths.read(&[], |prefix| seen.push(prefix)).expect("there is nothing wrong");
        }
        assert_eq!(seen, expected, "in parts of {size}");
    }
}

#[test]
fn a_length_is_reported_with_the_last_byte_of_its_message_and_not_before() {
    let (mut lengths, mut seen) = (Lengths::default(), 0);
    lengths.read(&BODY[..7], |_| seen += 1).expect("the flag is 0");
    assert_eq!(seen, 0);
    lengths.read(&BODY[7..8], |_| seen += 1).expect("the flag is 0");
    assert_eq!(seen, 1);
}

#[test]
fn lengths_end_at_a_wrong_flag() {
    let mut lengths = Lengths::default();
    let read = lengths.read(b"\0\0\0\0\0\x02\0\0\0\0", |_| {});
    assert_eq!(read, Err(Malformed::Flag(2)));
    // And stay there.
    assert_eq!(lengths.read(b"\0", |_| {}), Err(Malformed::Flag(2)));
}

#[test]
fn messages_are_collected_however_the_bytes_are_cut() {
    let message =
        |compressed, bytes: &'static [u8]| Message { compressed, bytes: bytes.into() };
    let expected = [message(false, b"abc"), message(true, b""), message(false, b"x")];
    for size in 1..=BODY.len() {
        let (mut messages, mut seen) = (Messages::new(3), Vec::new());
        for part in BODY.chunks(size) {
            messages.push(part);
            while let Some(message) = messages.take().expect("the flags are 0 and 1") {
                seen.push(message);
            }
        }
        assert_eq!(seen, expected, "in parts of {size}");
        assert_eq!(messages.end(), Ok(()));
    }
}

#[test]
fn a_message_that_is_too_long_is_refused_before_it_has_come_and_can_be_skipped() {
    for size in 1..=BODY.len() {
        let (mut messages, mut seen) = (Messages::new(2), Vec::new());
        for part in BODY.chunks(size) {
            messages.push(part);
            loop {
                match messages.take() {
                    Ok(Some(message)) => seen.push(message.bytes),
                    Ok(None) => break,
                    Err(Malformed::TooLong(length)) => messages.skip(length),
                    Err(error) => panic!("{error}"),
                }
            }
        }
        assert_eq!(seen, ["", "x"], "in parts of {size}");
    }
}

#[test]
fn a_stream_that_ends_in_the_middle_of_a_message_is_truncated() {
    let mut messages = Messages::new(3);
    messages.push(b"\0\0\0");
    assert_eq!(messages.take(), Ok(None));
    assert_eq!(messages.end(), Err(Malformed::Truncated));
    messages.push(b"\0\x04");
    assert_eq!(messages.take(), Err(Malformed::TooLong(4)));
    messages.skip(4);
    assert_eq!(messages.end(), Err(Malformed::Truncated));
    messages.push(b"abcd");
    assert_eq!(messages.end(), Ok(()));
}

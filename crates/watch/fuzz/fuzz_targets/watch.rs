//! Any bytes on a connection are shown without a panic, and in a bounded number of lines.
//!
//! The input is a sequence of pieces. Each starts with a byte: the lowest bit is the side that sends the
//! piece, the other bits are its length.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watch::{Side, View, Watcher};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fuzz_target!(|input: &[u8]| {
    let mut watcher = Watcher::new(View::Frames);
    watcher.see(Side::Client, PREFACE);
    let mut rest = input;
    while let Some((&head, after)) = rest.split_first() {
        let (piece, after) = after.split_at(usize::from(head >> 1).min(after.len()));
        rest = after;
        let side = if head & 1 == 0 { Side::Client } else { Side::Server };
        // A header has at least one byte, and a frame nine.
        assert!(watcher.see(side, piece).len() <= 2 * input.len() + 2);
    }
});

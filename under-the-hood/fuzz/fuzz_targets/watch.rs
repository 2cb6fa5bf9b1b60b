//! Any bytes on a connection: told without a panic, and in no more than so many lines.
//!
//! The input is pieces: a byte whose lowest bit is the side that speaks, and the others the length.
#![no_main]

use libfuzzer_sys::fuzz_target;
use under_the_hood::{
    frames::PREFACE,
    watch::{Side, View, Watcher},
};

fuzz_target!(|input: &[u8]| {
    let mut watcher = Watcher::new(View::Frames);
    watcher.see(Side::Client, PREFACE);
    let mut rest = input;
    while let Some((&head, after)) = rest.split_first() {
        let (piece, after) = after.split_at(usize::from(head >> 1).min(after.len()));
        rest = after;
        let side = if head & 1 == 0 { Side::Client } else { Side::Server };
        // A header takes a byte at least, a frame nine.
        assert!(watcher.see(side, piece).len() <= 2 * input.len() + 2);
    }
});

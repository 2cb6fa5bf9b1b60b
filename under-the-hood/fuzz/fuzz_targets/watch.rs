//! Any bytes on a connection: told without a panic. The first byte of the input says where the words of
//! the one side end and those of the other begin.
#![no_main]

use libfuzzer_sys::fuzz_target;
use under_the_hood::{
    frames::PREFACE,
    watch::{Side, View, Watcher},
};

fuzz_target!(|input: &[u8]| {
    let Some((&split, bytes)) = input.split_first() else { return };
    let (client, server) = bytes.split_at(usize::from(split).min(bytes.len()));
    let mut watcher = Watcher::new(View::Frames);
    watcher.see(Side::Client, PREFACE);
    watcher.see(Side::Client, client);
    watcher.see(Side::Server, server);
});

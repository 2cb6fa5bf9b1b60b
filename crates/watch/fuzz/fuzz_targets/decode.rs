//! Any bytes are read without a panic, and refused if and only if prost refuses them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message;
use wire::{decode::fields, raw};

fuzz_target!(|bytes: &[u8]| {
    let ours = fields(bytes).all(|field| field.is_ok());
    let prost = <() as Message>::decode(bytes).is_ok();
    assert_eq!(ours, prost);
    assert_eq!(raw::lines(bytes).is_ok(), ours);
});

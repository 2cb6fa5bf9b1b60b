//! Turns the `.proto` files into Rust: `protox` reads them, `tonic-prost-build` writes.
//!
//! Usually `protoc` does the reading, a C++ program that every machine would have to have.
//! `protox` is the same compiler as a Rust library, so that Rust is all that a build needs.

use std::{env, error::Error, fs, path::Path};

use prost::Message;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");

    // Both halves of the work start from this: the definitions, parsed and checked. It is
    // what `protoc --descriptor_set_out` writes.
    let descriptors = protox::compile(
        ["dependency.proto", "echo.proto", "order_management.proto", "product_info.proto"],
        ["proto"],
    )?;

    // Kept for those who ask at run time what a server offers (server reflection).
    let out_dir = env::var("OUT_DIR")?;
    fs::write(Path::new(&out_dir).join("descriptors.bin"), descriptors.encode_to_vec())?;

    // The messages are prost's half, the services tonic's; docs/codegen.md tells them apart.
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}

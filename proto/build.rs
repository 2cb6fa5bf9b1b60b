//! Turns the `.proto` files into Rust: `protox` reads them, `tonic-prost-build` writes.
//!
//! Usually `protoc` does the reading, a C++ program that every machine would have to have.
//! `protox` is the same compiler as a Rust library, so that Rust is all that a build needs.

use std::{env, error::Error, fs, path::Path};

use prost::Message;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");

    // Every definition in the folder, in an order that does not depend on the file system.
    let mut files = Vec::new();
    for entry in fs::read_dir("proto")? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "proto") {
            files.push(file);
        }
    }
    files.sort();

    // Parses and checks them. `protoc --descriptor_set_out` writes the same.
    let descriptors = protox::compile(files, ["proto"])?;

    // For server reflection, with which a client asks a server for its definitions.
    let out_dir = env::var("OUT_DIR")?;
    fs::write(Path::new(&out_dir).join("descriptors.bin"), descriptors.encode_to_vec())?;

    // prost generates the messages, tonic the services. docs/codegen.md shows both.
    tonic_prost_build::configure()
        // src/lib.rs implements `Debug` for it, without the token.
        .skip_debug(["workshop.TokenResponse"])
        .compile_fds(descriptors)?;
    Ok(())
}

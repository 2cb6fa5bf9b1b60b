//! The service definitions of all examples, as Rust.
//!
//! The code in the modules below is generated from `proto/*.proto` when this crate is built.
//! `docs/codegen.md` explains how, and `cargo doc -p proto --open` shows the result.
//!
//! A proto package becomes a Rust module, however many files it is spread over. Of each
//! service there are two halves: `…_client` with the stub, and `…_server` with the trait that
//! a server implements.

use std::fmt;

/// Package `ecommerce`: the services `ProductInfo` (book, chapter 2) and `OrderManagement`
/// (chapter 3).
#[expect(
    non_camel_case_types,
    reason = "the book's rpc names start in lower case, and tonic names a stream's type after them"
)]
#[expect(clippy::pedantic, reason = "generated, to other tastes")]
pub mod ecommerce {
    tonic::include_proto!("ecommerce");
}

/// Package `grpc.examples.echo`: the service `Echo`, which the load-balancing sample of the
/// book's chapter 5 calls.
#[expect(clippy::pedantic, reason = "generated, to other tastes")]
pub mod echo {
    tonic::include_proto!("grpc.examples.echo");
}

/// Package `helloworld`: the service `Greeter`, the second service of the book's multiplexing sample
/// (chapter 5).
#[expect(clippy::pedantic, reason = "generated, to other tastes")]
pub mod helloworld {
    tonic::include_proto!("helloworld");
}

/// Package `workshop`: services that this workspace needs and the book does not have. `Dependency` is
/// for the health example, `Inventory` for the deadlines example, and `TokenIssuer` for the credentials
/// example.
#[expect(clippy::pedantic, reason = "generated, to other tastes")]
pub mod workshop {
    tonic::include_proto!("workshop");
}

/// Does not print the token, so that none gets into a log.
impl fmt::Debug for workshop::TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut response = f.debug_struct("TokenResponse");
        response.field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// The definitions themselves, as an encoded `google.protobuf.FileDescriptorSet`.
///
/// Server reflection hands this to clients that have no `.proto` file, such as `grpcurl`.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

//! 3. zstd.

use crate::raw::{call, channel, plain};

/// The first bytes of everything that zstd compresses (RFC 8878).
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_the_response_is_zstd_if_the_client_lists_it_first() {
    let channel = channel().await;
    for (accepted, expected) in [
        ("zstd,gzip,identity", Some("zstd")),
        ("zstd", Some("zstd")),
        ("gzip,zstd", Some("gzip")),
        ("identity", None),
    ] {
        let headers = [("grpc-accept-encoding", accepted)];
        let answer = call(&channel, "getOrder", &headers, plain(&"106".to_owned())).await;
        let encoding = answer.header("grpc-encoding");
        assert_eq!(encoding, expected, "wrong encoding for a client that accepts {accepted}");
        let zstd = answer.messages().iter().all(|(_, message)| message.starts_with(&MAGIC));
        assert_eq!(zstd, expected == Some("zstd"), "the message must be what the header says");
    }
}

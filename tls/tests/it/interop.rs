//! Other implementations of gRPC and of TLS, as clients and as servers.

use std::{env, fs};

use testing::{Ended, Process, python};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tls");
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/product_info.py");
const PROTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto/proto");

/// Runs `certs` for the test of this name, and returns the folder.
async fn certs(test: &str) -> String {
    let folder = format!("{}/tls-interop/{test}", env!("CARGO_TARGET_TMPDIR"));
    let _ = fs::remove_dir_all(&folder);
    assert_eq!(Process::start(PROGRAM, &["certs", &folder]).end().await.status, Some(0));
    folder
}

async fn server(dir: &str, more: &[&str]) -> (Process, String) {
    let args = [&["server", "--addr", "127.0.0.1:0", "--certs", dir], more].concat();
    let mut server = Process::start(PROGRAM, &args);
    let addr = server.addr().await;
    (server, addr)
}

fn succeeded(ended: &Ended) {
    assert_eq!(ended.status, Some(0), "{}{}", ended.stdout, ended.stderr);
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_python_client_can_call_the_server() {
    let dir = certs("python_client").await;
    let (_server, addr) = server(&dir, &[]).await;
    succeeded(&Process::start(&python(), &[PYTHON, "client", &addr, &dir]).end().await);
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_python_client_can_call_the_server_with_mutual_tls() {
    let dir = certs("python_client_mutual").await;
    let (_server, addr) = server(&dir, &["--mutual"]).await;
    let args = [PYTHON, "client", &addr, &dir, "mutual"];
    succeeded(&Process::start(&python(), &args).end().await);
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_python_client_without_a_certificate_is_rejected() {
    let dir = certs("python_client_rejected").await;
    let (mut server, addr) = server(&dir, &["--mutual"]).await;
    let ended = Process::start(&python(), &[PYTHON, "client", &addr, &dir]).end().await;
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.contains("StatusCode.UNAVAILABLE"), "{}", ended.stderr);
    server.line(": peer sent no certificates").await;
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn the_client_can_call_a_python_server() {
    let dir = certs("python_server").await;
    let mut server = Process::start(&python(), &[PYTHON, "server", &dir]);
    let addr = server.addr().await;
    let args = ["client", "--addr", &addr, "--certs", &dir];
    succeeded(&Process::start(PROGRAM, &args).end().await);
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn the_client_can_call_a_python_server_with_mutual_tls() {
    let dir = certs("python_server_mutual").await;
    let mut server = Process::start(&python(), &["-u", PYTHON, "server", &dir, "mutual"]);
    let addr = server.addr().await;
    let args = ["client", "--addr", &addr, "--certs", &dir, "--mutual"];
    succeeded(&Process::start(PROGRAM, &args).end().await);
    server.line("spiffe://productinfo.example/editor").await;
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_python_server_rejects_the_client_without_a_certificate() {
    let dir = certs("python_server_rejects").await;
    let mut server = Process::start(&python(), &[PYTHON, "server", &dir, "mutual"]);
    let addr = server.addr().await;
    let args = ["client", "--addr", &addr, "--certs", &dir];
    let ended = Process::start(PROGRAM, &args).end().await;
    assert_eq!(ended.status, Some(1), "{}", ended.stdout);
    assert!(ended.stderr.contains("require a certificate?"), "{}", ended.stderr);
}

/// Adds a product with the real `grpcurl`, as the README does.
async fn grpcurl(addr: &str, certs: &[&str]) -> Ended {
    let program = env::var("GRPCURL").unwrap_or_else(|_| "grpcurl".into());
    let proto =
        ["-import-path", PROTO, "-proto", "product_info.proto", "-d", r#"{"name":"x"}"#];
    let call = [addr, "ecommerce.ProductInfo/addProduct"];
    Process::start(&program, &[certs, &proto, &call].concat()).end().await
}

#[tokio::test]
#[ignore = "needs grpcurl"]
async fn grpcurl_can_call_the_server() {
    let dir = certs("grpcurl").await;
    let (_server, addr) = server(&dir, &[]).await;
    let ended = grpcurl(&addr, &["-cacert", &format!("{dir}/ca.pem")]).await;
    succeeded(&ended);
    assert!(ended.stdout.contains("\"value\""), "{}", ended.stdout);
}

#[tokio::test]
#[ignore = "needs grpcurl"]
async fn grpcurl_can_call_the_server_with_mutual_tls() {
    let dir = certs("grpcurl_mutual").await;
    let (_server, addr) = server(&dir, &["--mutual"]).await;
    let file = |name| format!("{dir}/{name}");
    let (ca, cert, key) = (file("ca.pem"), file("client.pem"), file("client.key"));
    succeeded(&grpcurl(&addr, &["-cacert", &ca, "-cert", &cert, "-key", &key]).await);
    assert_ne!(grpcurl(&addr, &["-cacert", &ca]).await.status, Some(0));
}

/// A handshake of OpenSSL's client, which ends when it is done.
async fn openssl(addr: &str, dir: &str, more: &[&str]) -> Ended {
    let ca = format!("{dir}/ca.pem");
    let args = ["s_client", "-connect", addr, "-CAfile", &ca, "-verify_return_error"];
    Process::start("openssl", &[&args, more].concat()).end().await
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_gets_tls_1_2_and_1_3_and_h2() {
    let dir = certs("openssl").await;
    let (_server, addr) = server(&dir, &[]).await;
    for (flag, version) in [("-tls1_2", "New, TLSv1.2"), ("-tls1_3", "New, TLSv1.3")] {
        let ended =
            openssl(&addr, &dir, &[flag, "-alpn", "h2", "-verify_ip", "127.0.0.1"]).await;
        for part in [version, "ALPN protocol: h2", "Verify return code: 0 (ok)"] {
            assert!(ended.stdout.contains(part), "{part}: {}{}", ended.stdout, ended.stderr);
        }
    }
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_gets_no_older_version() {
    let dir = certs("openssl_old").await;
    let (mut server, addr) = server(&dir, &[]).await;
    for flag in ["-tls1", "-tls1_1"] {
        // Without this cipher setting, OpenSSL would refuse the old versions itself.
        let ended = openssl(&addr, &dir, &[flag, "-cipher", "DEFAULT@SECLEVEL=0"]).await;
        assert_ne!(ended.status, Some(0), "{flag}: {}", ended.stdout);
        assert!(ended.stderr.contains("SSL alert number"), "{flag}: {}", ended.stderr);
        // The server misses an extension that was introduced with TLS 1.2.
        server.line(": peer is incompatible: ").await;
    }
}

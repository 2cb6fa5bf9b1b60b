//! The commands, as a user types them.

use std::{env, fs};

use testing::{Ended, Process};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tls");

/// Runs `certs` for the test of this name, and returns the folder.
async fn certs(test: &str) -> String {
    let folder = format!("{}/tls-process/{test}", env!("CARGO_TARGET_TMPDIR"));
    let _ = fs::remove_dir_all(&folder);
    let ended = Process::start(PROGRAM, &["certs", &folder]).end().await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    folder
}

async fn server(args: &[&str]) -> (Process, String) {
    let args = [&["server", "--addr", "127.0.0.1:0", "--certs"], args].concat();
    let mut server = Process::start(PROGRAM, &args);
    let addr = server.addr().await;
    (server, addr)
}

async fn client(addr: &str, args: &[&str]) -> Ended {
    Process::start(PROGRAM, &[&["client", "--addr", addr, "--certs"], args].concat())
        .end()
        .await
}

/// The client fails with one line, which has these parts.
fn fails_with(ended: &Ended, parts: &[&str]) {
    assert_eq!(ended.status, Some(1), "{}", ended.stdout);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    for part in parts {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
}

#[tokio::test]
async fn the_client_calls_the_server_and_the_server_ends_on_a_signal() {
    let dir = certs("one_way").await;
    let (mut server, addr) = server(&[&dir]).await;
    let ended = client(&addr, &[&dir]).await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    server.line("handshake: TLSv1_3, ALPN h2, client anonymous").await;
    server.signal("TERM").await;
    assert_eq!(server.end().await.status, Some(0));
}

#[tokio::test]
async fn with_mutual_tls_the_server_prints_who_the_client_is() {
    let dir = certs("mutual").await;
    let (mut server, addr) = server(&[&dir, "--mutual"]).await;
    let ended = client(&addr, &[&dir, "--mutual"]).await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    server.line("ALPN h2, client spiffe://productinfo.example/editor").await;
}

#[tokio::test]
async fn a_client_without_a_certificate_fails_and_the_server_prints_why() {
    let dir = certs("no_certificate").await;
    let (mut server, addr) = server(&[&dir, "--mutual"]).await;
    fails_with(&client(&addr, &[&dir]).await, &[&addr, "require a certificate?"]);
    server.line("rejected a connection from 127.0.0.1:").await;
}

#[tokio::test]
async fn the_server_prints_the_reason_of_each_rejection() {
    let dir = certs("reasons").await;
    let (mut server, addr) = server(&[&dir, "--mutual"]).await;
    client(&addr, &[&dir]).await;
    server.line(": peer sent no certificates").await;
    client(&addr, &[&certs("reasons_other_ca").await]).await;
    server.line(": received fatal alert: UnknownCA").await;
    tokio::net::TcpStream::connect(&addr).await.unwrap();
    let line = server.line(": tls handshake eof").await;
    assert!(line.starts_with("server | rejected a connection from 127.0.0.1:"), "{line}");
}

#[tokio::test]
async fn a_client_with_another_ca_fails_with_the_reason() {
    let (_server, addr) = server(&[&certs("other_ca").await]).await;
    let other = certs("other_ca_client").await;
    let ended = client(&addr, &[&other]).await;
    fails_with(&ended, &[&addr, "invalid peer certificate: UnknownIssuer; ", "your CA"]);
}

#[tokio::test]
async fn a_client_of_a_plaintext_server_fails_with_the_reason() {
    let addr = testing::start(productinfo::server::serve).await;
    let ended = client(&addr, &[&certs("plaintext").await]).await;
    fails_with(&ended, &[&addr, "InvalidContentType; does the server use TLS"]);
}

#[tokio::test]
async fn without_certificates_neither_side_starts() {
    for side in ["server", "client"] {
        let ended = Process::start(PROGRAM, &[side, "--certs", "/no/such/folder"]).end().await;
        fails_with(&ended, &["/no/such/folder/ca.pem", "certs /no/such/folder"]);
    }
}

#[tokio::test]
async fn a_server_with_the_key_of_another_certificate_does_not_start() {
    let dir = certs("wrong_key").await;
    let other = certs("wrong_key_other").await;
    fs::copy(format!("{other}/server.key"), format!("{dir}/server.key")).unwrap();
    let args = ["server", "--addr", "127.0.0.1:0", "--certs", &dir];
    fails_with(&Process::start(PROGRAM, &args).end().await, &["cannot use the certificates: "]);
}

#[tokio::test]
async fn a_client_with_a_broken_certificate_fails_with_one_line() {
    let dir = certs("broken").await;
    let (_server, addr) = server(&[&dir]).await;
    fs::write(format!("{dir}/client.pem"), "nonsense").unwrap();
    fails_with(&client(&addr, &[&dir, "--mutual"]).await, &[&addr]);
    fs::write(format!("{dir}/ca.pem"), "nonsense").unwrap();
    fails_with(&client(&addr, &[&dir]).await, &[&addr]);
}

#[tokio::test]
async fn no_key_is_printed() {
    let dir = certs("no_key").await;
    let (server, addr) = server(&[&dir, "--mutual"]).await;
    let client = client(&addr, &[&dir, "--mutual"]).await;
    server.signal("TERM").await;
    let server = server.end().await;
    for name in ["server.key", "client.key"] {
        let key = fs::read_to_string(format!("{dir}/{name}")).unwrap();
        let secret = key.lines().nth(1).unwrap();
        for text in [&server.stdout, &server.stderr, &client.stdout, &client.stderr] {
            assert!(!text.contains(secret), "{name}");
        }
    }
}

//! The client sends no credentials without TLS.

use credentials::per_call::{Credentials, SecureChannel};
use launcher::endpoint as plaintext;
use tls::certs::Certs;
use tokio::{io::AsyncReadExt, net::TcpListener};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use crate::server::{Server, endpoint};

/// Connects to a listener, and returns the error and the bytes that arrive there.
async fn sent(endpoint: impl FnOnce(&str) -> Endpoint) -> (String, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let error = SecureChannel::connect(&endpoint(&addr)).await.unwrap_err();
    // A connection of the test, behind those of the client.
    drop(tokio::net::TcpStream::connect(&addr).await.unwrap());
    let mut bytes = Vec::new();
    listener.accept().await.unwrap().0.read_to_end(&mut bytes).await.unwrap();
    (launcher::root_cause(error.as_ref()).to_string(), bytes)
}

#[tokio::test]
async fn a_plaintext_endpoint_is_refused_before_a_byte_is_sent() {
    let (error, bytes) = sent(|addr| plaintext(addr).unwrap()).await;
    assert!(error.contains("TLS"), "{error}");
    assert_eq!(bytes, b"");
}

#[tokio::test]
async fn a_tls_configuration_does_not_make_http_secure() {
    let certs = Certs::create().unwrap();
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&certs.ca));
    let (error, bytes) = sent(|addr| plaintext(addr).unwrap().tls_config(tls).unwrap()).await;
    assert!(error.contains("TLS"), "{error}");
    assert_eq!(bytes, b"");
}

#[tokio::test]
async fn https_without_a_tls_configuration_sends_nothing() {
    let (error, bytes) =
        sent(|addr| Endpoint::from_shared(format!("https://{addr}")).unwrap()).await;
    assert!(error.contains("TLS"), "{error}");
    assert_eq!(bytes, b"");
}

#[tokio::test]
async fn a_server_of_another_ca_gets_no_credentials() {
    let server = Server::start().await;
    let other = Certs::create().unwrap();
    assert!(SecureChannel::connect(&endpoint(&server.addr, &other.ca)).await.is_err());
    server.run_client().await.expect("the right CA");
}

#[test]
fn a_password_is_marked_as_sensitive() {
    let Credentials::Basic(value) = Credentials::basic("admin:admin").unwrap() else {
        panic!("it is a password")
    };
    assert!(value.is_sensitive());
}

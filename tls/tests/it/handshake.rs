//! Handshakes that succeed, and those that fail, with the reason.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use launcher::describe;
use tls::{certs::Certs, client, server};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{HandshakeKind, version},
};
use tonic::Code;

use crate::{
    authority::Ca,
    running::{add, certs, channel, client_config, handshake, rejection, start},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn a_call_succeeds_with_each_name_of_the_server() {
    let certs = certs();
    let server = start(&certs, false).await;
    let port = server.addr.rsplit(':').next().unwrap();
    for addr in [server.addr.clone(), format!("localhost:{port}")] {
        add(channel(&addr, client::config(&certs, false)).await).await.unwrap();
    }
    // The server listens on IPv4. To the client, `::1` is what it expects in the certificate.
    let config = client::config(&certs, false).domain_name("::1");
    add(channel(&server.addr, config).await).await.unwrap();
}

#[tokio::test]
async fn a_client_rejects_a_certificate_of_another_ca() {
    let server = start(&certs(), false).await;
    let reason = rejection(&server.addr, client::config(&certs(), false)).await;
    assert_eq!(reason, "invalid peer certificate: UnknownIssuer");
}

#[tokio::test]
async fn a_client_trusts_every_ca_in_the_file() {
    let certs = certs();
    let server = start(&certs, false).await;
    let mut both = Certs::create().unwrap();
    both.ca.push_str(&certs.ca);
    add(channel(&server.addr, client::config(&both, false)).await).await.unwrap();
}

#[tokio::test]
async fn a_client_rejects_a_certificate_without_the_host_name() {
    let certs = certs();
    let server = start(&certs, false).await;
    let config = client::config(&certs, false).domain_name("shop.example");
    let reason = rejection(&server.addr, config).await;
    assert!(reason.contains("certificate not valid for name \"shop.example\""), "{reason}");
}

#[tokio::test]
async fn a_client_rejects_a_certificate_that_has_expired() {
    let now = SystemTime::now();
    let certs =
        Arc::new(Ca::new().certs(now - 2 * DAY..now - DAY, now - DAY..now + DAY, vec![]));
    let server = start(&certs, false).await;
    let reason = rejection(&server.addr, client::config(&certs, false)).await;
    assert!(reason.contains("certificate expired"), "{reason}");
}

#[tokio::test]
async fn a_client_rejects_a_certificate_that_is_not_valid_yet() {
    let now = SystemTime::now();
    let certs =
        Arc::new(Ca::new().certs(now + DAY..now + 2 * DAY, now - DAY..now + DAY, vec![]));
    let server = start(&certs, false).await;
    let reason = rejection(&server.addr, client::config(&certs, false)).await;
    assert!(reason.contains("certificate not valid yet"), "{reason}");
}

/// Whether a client with this certificate can make a call.
async fn accepted(certs: &Arc<Certs>, client: &Certs) -> bool {
    let server = start(certs, true).await;
    let mixed = Certs {
        ca: certs.ca.clone(),
        client: client.client.clone(),
        client_key: client.client_key.clone(),
        ..Certs::default()
    };
    // With TLS 1.3 the handshake of the client succeeds before the server has seen its certificate.
    let result = add(channel(&server.addr, client::config(&mixed, true)).await).await;
    // The server itself is well: another client can still call it.
    add(channel(&server.addr, client::config(certs, true)).await).await.unwrap();
    match result {
        Ok(_) => true,
        Err(status) if status.code() == Code::PermissionDenied => panic!("{status}"),
        Err(_) => false,
    }
}

#[tokio::test]
async fn a_server_accepts_a_client_of_its_ca() {
    let certs = certs();
    assert!(accepted(&certs, &certs).await);
}

#[tokio::test]
async fn a_server_rejects_a_client_certificate_of_another_ca() {
    assert!(!accepted(&certs(), &certs()).await);
}

#[tokio::test]
async fn a_server_rejects_a_client_with_a_servers_certificate() {
    let certs = certs();
    let pretender = Certs {
        client: certs.server.clone(),
        client_key: certs.server_key.clone(),
        ..Certs::default()
    };
    assert!(!accepted(&certs, &pretender).await);
}

/// Certificates of one CA: a client that is valid now, and one that is valid at `times`.
fn two_clients(times: std::ops::Range<SystemTime>) -> (Arc<Certs>, Certs) {
    let now = SystemTime::now();
    let today = now - DAY..now + DAY;
    let editor = || vec![rcgen::SanType::URI(tls::certs::EDITOR.try_into().unwrap())];
    let ca = Ca::new();
    let valid = ca.certs(today.clone(), today.clone(), editor());
    (Arc::new(valid), ca.certs(today, times, editor()))
}

#[tokio::test]
async fn a_server_rejects_a_client_certificate_that_has_expired() {
    let now = SystemTime::now();
    let (certs, expired) = two_clients(now - 2 * DAY..now - DAY);
    assert!(!accepted(&certs, &expired).await);
}

#[tokio::test]
async fn a_server_rejects_a_client_certificate_that_is_not_valid_yet() {
    let now = SystemTime::now();
    let (certs, future) = two_clients(now + DAY..now + 2 * DAY);
    assert!(!accepted(&certs, &future).await);
}

#[tokio::test]
async fn a_client_without_a_certificate_learns_with_tls_1_3_only_when_it_reads() {
    let certs = certs();
    let server = start(&certs, true).await;
    let config = client_config(&certs, &["h2"], &version::TLS13);
    let mut stream = handshake(&server, config).await.expect("the client's handshake succeeds");
    let error = stream.read_u8().await.unwrap_err();
    assert_eq!(error.to_string(), "received fatal alert: CertificateRequired");
}

#[tokio::test]
async fn a_client_without_a_certificate_learns_with_tls_1_2_in_the_handshake() {
    let certs = certs();
    let server = start(&certs, true).await;
    let config = client_config(&certs, &["h2"], &version::TLS12);
    let error = handshake(&server, config).await.unwrap_err();
    assert!(error.to_string().starts_with("received fatal alert: "), "{error}");
}

#[tokio::test]
async fn both_versions_of_tls_are_accepted_with_h2() {
    let certs = certs();
    let server = start(&certs, false).await;
    for version in [&version::TLS12, &version::TLS13] {
        let config = client_config(&certs, &["http/1.1", "h2"], version);
        let mut stream = handshake(&server, config).await.unwrap();
        let (_, session) = stream.get_ref();
        assert_eq!(session.protocol_version(), Some(version.version));
        assert_eq!(session.alpn_protocol(), Some(&b"h2"[..]));
        // The server is the first to send in HTTP/2, its SETTINGS.
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_session_is_never_resumed_because_that_would_skip_the_check_of_a_certificate() {
    let certs = certs();
    let server = start(&certs, false).await;
    for version in [&version::TLS12, &version::TLS13] {
        let config = client_config(&certs, &["h2"], version);
        for _ in 0..2 {
            let mut stream = handshake(&server, config.clone()).await.unwrap();
            // In TLS 1.3, the ticket for a resumption comes after the handshake.
            stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
            stream.read_u8().await.unwrap();
            assert_eq!(stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Full));
        }
    }
}

#[tokio::test]
async fn a_client_that_offers_only_other_protocols_is_rejected() {
    let certs = certs();
    let server = start(&certs, false).await;
    let config = client_config(&certs, &["http/1.1"], &version::TLS13);
    let error = handshake(&server, config).await.unwrap_err();
    assert_eq!(error.to_string(), "received fatal alert: NoApplicationProtocol");
}

#[tokio::test]
async fn a_client_without_alpn_is_rejected() {
    let certs = certs();
    let server = start(&certs, false).await;
    let mut stream =
        handshake(&server, client_config(&certs, &[], &version::TLS13)).await.unwrap();
    assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_plaintext_client_of_a_tls_server_gets_no_answer() {
    let certs = certs();
    let server = start(&certs, false).await;
    let channel = launcher::endpoint(&server.addr).unwrap().connect().await.unwrap();
    let status = add(channel).await.unwrap_err();
    assert!(std::error::Error::source(&status).is_some(), "{}", describe(&status));
}

#[tokio::test]
async fn a_tls_client_of_a_plaintext_server_says_that_the_answer_is_not_tls() {
    let addr = testing::start(productinfo::server::serve).await;
    let reason = rejection(&addr, client::config(&certs(), false)).await;
    assert_eq!(reason, "received corrupt message of type InvalidContentType");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_times_out_is_not_blamed_on_a_certificate() {
    let certs = certs();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let acceptor = TlsAcceptor::from(server::config(&certs, false).unwrap());
    let silent = async { acceptor.accept(listener.accept().await.unwrap().0).await.unwrap() };
    let run = client::run(addr, client::config(&certs, false));
    let (ended, _stream) = tokio::join!(run, silent);
    let error = ended.unwrap_err().to_string();
    assert!(!error.contains("certificate"), "{error}");
}

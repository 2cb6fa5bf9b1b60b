//! `round_robin` over TLS.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use channel::{Channel, RoundRobin};
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Response};
use proto::echo::{EchoRequest, echo_client::EchoClient};
use tokio::io::{DuplexStream, duplex};
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName},
        server::WebPkiClientVerifier,
    },
};
use tonic::Code;

use crate::network::{Network, told};

/// The calls that all backends got: the number of the backend, and the `:scheme`.
type Calls = Arc<Mutex<Vec<(u8, String)>>>;

/// A certificate for `localhost` that its own key has signed, and the key.
fn certificate() -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let names = vec!["localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("the name is valid");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("it is a key");
    (made.cert.into(), key)
}

/// Starts a backend that serves TLS and answers each call with an empty message.
fn start(network: &Network, number: u8, config: &Arc<ServerConfig>, calls: &Calls) {
    let (mut incoming, _stop) = network.listen(number);
    let (acceptor, calls) = (TlsAcceptor::from(Arc::clone(config)), Arc::clone(calls));
    tokio::spawn(async move {
        while let Some(stream) = incoming.recv().await {
            // The client refuses some certificates.
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
            let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
            while let Some(Ok((request, mut call))) = connection.accept().await {
                let scheme = request.uri().scheme_str().unwrap_or_default().to_owned();
                calls.lock().unwrap().push((number, scheme));
                let head = Response::builder().header("content-type", "application/grpc");
                let head = head.body(()).expect("the headers are valid");
                let mut body = call.send_response(head, false).expect("the stream is open");
                body.send_data(vec![0; 5].into(), false).expect("the stream is open");
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", HeaderValue::from_static("0"));
                body.send_trailers(trailers).expect("the stream is open");
            }
        }
    });
}

/// A TLS client that trusts only this certificate.
fn client(trusted: CertificateDer<'static>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(trusted).expect("it is a certificate");
    let mut config =
        ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// Connects to the network and then does the TLS handshake. Trusts only this certificate.
fn connector(
    network: &Network,
    trusted: CertificateDer<'static>,
) -> impl Fn(SocketAddr) -> BoxFuture<'static, io::Result<TlsStream<DuplexStream>>> + use<> {
    let (network, tls) = (network.clone(), client(trusted));
    move |addr| {
        let (stream, tls) = (network.connect(addr), tls.clone());
        let name = ServerName::try_from("localhost").expect("it is a name");
        Box::pin(async move { tls.connect(name, stream?).await })
    }
}

/// A network with three backends that have this certificate, and their calls.
fn backends(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) -> (Network, Calls) {
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate], key);
    let mut config = config.expect("the key fits the certificate");
    config.alpn_protocols = vec![b"h2".to_vec()];
    let (network, config, calls) = (Network::default(), Arc::new(config), Calls::default());
    for number in 1..=3 {
        start(&network, number, &config, &calls);
    }
    (network, calls)
}

#[tokio::test(start_paused = true)]
async fn three_backends_take_turns_over_tls() {
    let (certificate, key) = certificate();
    let (network, calls) = backends(certificate.clone(), key);
    let channel = Channel::over(told(&[1, 2, 3]).1)
        .policy(RoundRobin::default())
        .connector(connector(&network, certificate))
        .build();
    channel.connected().await;
    let origin = "https://localhost".parse().expect("it is a URI");
    let mut client = EchoClient::with_origin(channel, origin);
    for _ in 0..6 {
        client.unary_echo(EchoRequest::default()).await.expect("it is answered");
    }
    let expected = [1, 2, 3, 1, 2, 3].map(|number| (number, "https".to_owned()));
    assert_eq!(*calls.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_not_trusted_makes_calls_fail_with_the_reason() {
    let (untrusted, key) = certificate();
    let (network, calls) = backends(untrusted, key);
    let channel = Channel::over(told(&[1, 2, 3]).1)
        .policy(RoundRobin::default())
        .connector(connector(&network, certificate().0))
        .build();
    let mut client = EchoClient::new(channel);
    let status = client.unary_echo(EchoRequest::default()).await.expect_err("no trust");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("invalid peer certificate"), "{status:?}");
    assert_eq!(*calls.lock().unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_the_server_rejects_learns_the_reason_with_tls_1_3() {
    let (certificate, key) = certificate();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).expect("it is a certificate");
    let verifier =
        WebPkiClientVerifier::builder(roots.into()).build().expect("there is a root");
    let config = ServerConfig::builder().with_client_cert_verifier(verifier);
    let config = config.with_single_cert(vec![certificate.clone()], key);
    let mut config = config.expect("the key fits the certificate");
    config.alpn_protocols = vec![b"h2".to_vec()];
    let (acceptor, tls) = (TlsAcceptor::from(Arc::new(config)), client(certificate));
    let connect = move |_| {
        let (ours, theirs) = duplex(64 * 1024);
        let (acceptor, tls) = (acceptor.clone(), tls.clone());
        let name = ServerName::try_from("localhost").expect("it is a name");
        tokio::spawn(async move { acceptor.accept(theirs).await.map(drop) });
        async move { tls.connect(name, ours).await }
    };
    let channel = Channel::over(told(&[1]).1).connector(connect).build();
    let mut client = EchoClient::new(channel);
    let status = client.unary_echo(EchoRequest::default()).await.expect_err("no certificate");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("alert: CertificateRequired"), "{status:?}");
}

//! A server in a task of the test, and clients for it.

use std::{sync::Arc, time::Duration};

use launcher::{Error, root_cause};
use proto::ecommerce::{Product, product_info_client::ProductInfoClient};
use tls::{certs::Certs, client, server};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        self, ClientConfig, RootCertStore, SupportedProtocolVersion,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
        version::TLS13,
    },
};
use tonic::{
    Status,
    transport::{Channel, ClientTlsConfig},
};

pub(crate) struct Running {
    pub(crate) addr: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), Error>>,
}

/// Starts the example's server. With `mutual`, it requires client certificates.
pub(crate) async fn start(certs: &Arc<Certs>, mutual: bool) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = oneshot::channel();
    let certs = Arc::clone(certs);
    let served = tokio::spawn(async move {
        let stopped = async { stopped.await.unwrap_or_default() };
        server::serve(listener, stopped, &certs, mutual).await
    });
    Running { addr, stop, served }
}

impl Running {
    pub(crate) async fn tcp(&self) -> TcpStream {
        TcpStream::connect(&self.addr).await.unwrap()
    }

    /// Stops the server, and returns how long it took to drain.
    pub(crate) async fn drain(self) -> Duration {
        let start = Instant::now();
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap();
        start.elapsed()
    }
}

pub(crate) fn certs() -> Arc<Certs> {
    Arc::new(Certs::create().unwrap())
}

/// A channel of the example's client.
pub(crate) async fn channel(addr: &str, config: ClientTlsConfig) -> Channel {
    client::endpoint(addr, config).unwrap().connect().await.unwrap()
}

/// Why the client's handshake fails.
pub(crate) async fn rejection(addr: &str, config: ClientTlsConfig) -> String {
    let connected = client::endpoint(addr, config).unwrap().connect().await;
    root_cause(&connected.expect_err("the client rejects the server")).to_string()
}

/// The result of one call.
pub(crate) async fn add(channel: Channel) -> Result<String, Status> {
    let product = Product { name: "a lamp".into(), ..Product::default() };
    let added = ProductInfoClient::new(channel).add_product(product).await?;
    Ok(added.into_inner().value)
}

/// The settings of a client that trusts `certs` and offers these protocols in ALPN.
pub(crate) fn client_config(
    certs: &Certs,
    alpn: &[&str],
    version: &'static SupportedProtocolVersion,
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certs.ca.as_bytes()).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

pub(crate) fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

pub(crate) async fn handshake(
    server: &Running,
    config: ClientConfig,
) -> std::io::Result<TlsStream<TcpStream>> {
    TlsConnector::from(Arc::new(config)).connect(localhost(), server.tcp().await).await
}

/// The first message of a handshake.
pub(crate) fn client_hello(certs: &Certs) -> Vec<u8> {
    let config = Arc::new(client_config(certs, &["h2"], &TLS13));
    let mut session = rustls::ClientConnection::new(config, localhost()).unwrap();
    let mut bytes = Vec::new();
    session.write_tls(&mut bytes).unwrap();
    bytes
}

/// How long it takes until the server closes the connection.
pub(crate) async fn closed_after(mut stream: TcpStream) -> Duration {
    let start = Instant::now();
    // An error is an end too: the server may reset the connection.
    let read = timeout(Duration::from_secs(60), stream.read_to_end(&mut Vec::new())).await;
    assert!(read.is_ok(), "the server does not close the connection");
    start.elapsed()
}

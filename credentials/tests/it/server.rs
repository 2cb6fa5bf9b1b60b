//! The server of this example over TLS, in a task of the test.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use credentials::server::serve;
use hyper_util::rt::TokioIo;
use jwt::{Keys, SigningKey};
use launcher::Error;
use tls::certs::Certs;
use tokio::net::TcpStream;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tower::service_fn;

pub(crate) struct Server {
    pub(crate) addr: String,
    pub(crate) certs: Arc<Certs>,
    pub(crate) key: Arc<SigningKey>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let certs = Arc::new(Certs::create().unwrap());
        let key = Arc::new(SigningKey::generate().unwrap());
        let keys = Keys::fixed(&key.public_keys());
        let addr = testing::start({
            let (certs, key) = (Arc::clone(&certs), Arc::clone(&key));
            move |listener, shutdown| async move {
                serve(listener, shutdown, &certs, key, keys).await
            }
        })
        .await;
        Self { addr, certs, key, connections: Arc::default() }
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        endpoint(&self.addr, &self.certs.ca)
    }

    /// A channel whose connections are counted.
    pub(crate) async fn channel(&self) -> Channel {
        let (addr, connections) = (self.addr.clone(), Arc::clone(&self.connections));
        let connector = service_fn(move |_| {
            connections.fetch_add(1, SeqCst);
            let addr = addr.clone();
            async move { Ok::<_, io::Error>(TokioIo::new(TcpStream::connect(addr).await?)) }
        });
        self.endpoint().connect_with_connector(connector).await.unwrap()
    }

    /// How many connections the channels have opened.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    /// The example's client calls this server.
    pub(crate) async fn run_client(&self) -> Result<(), Error> {
        credentials::client::run(self.addr.clone(), &self.certs).await
    }
}

/// A server at this address whose certificate this CA has signed.
pub(crate) fn endpoint(addr: &str, ca: &str) -> Endpoint {
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca));
    Endpoint::from_shared(format!("https://{addr}")).unwrap().tls_config(tls).unwrap()
}

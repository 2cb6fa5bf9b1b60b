//! The server: its certificate, the handshake, and a service that knows who calls.

use std::{io, sync::Arc, time::Duration};

use launcher::{Connection, Error, transcript};
use productinfo::server::Products;
use proto::ecommerce::product_info_server::{ProductInfo, ProductInfoServer};
use proto::ecommerce::{Product, ProductId};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, server};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, transport::Server};
use x509_parser::{extensions::GeneralName, prelude::parse_x509_certificate};

use crate::certs::{Certs, EDITOR};

/// Serves an empty catalogue on `listener` with TLS. With `mutual`, each client must send a certificate
/// of the CA, and only the [`EDITOR`] may add products.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    certs: &Certs,
    mutual: bool,
) -> Result<(), Error> {
    let catalogue = Catalogue { products: Products::default(), mutual };
    Server::builder()
        // Production: the same limits as in `productinfo`, where comments explain them.
        .timeout(Duration::from_secs(30))
        .max_concurrent_streams(200)
        .http2_max_pending_accept_reset_streams(Some(1_000))
        .http2_keepalive_interval(Some(Duration::from_secs(60)))
        .add_service(ProductInfoServer::new(catalogue))
        // Most servers call tonic's `.tls_config(...)` in this chain instead. README.md compares both.
        .serve_with_incoming_shutdown(incoming(listener, config(certs, mutual)?), shutdown)
        .await?;
    Ok(())
}

/// The TLS settings of a server. rustls supports TLS 1.2 and 1.3. Older versions are not secure.
pub fn config(certs: &Certs, mutual: bool) -> Result<Arc<ServerConfig>, Error> {
    let failed = |error| format!("cannot use the certificates: {error}; create new ones");
    Ok(Arc::new(settings(certs, mutual).map_err(failed)?))
}

fn settings(certs: &Certs, mutual: bool) -> Result<ServerConfig, Error> {
    let config = if mutual {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(certs.ca.as_bytes())?)?;
        let verifier = server::WebPkiClientVerifier::builder(roots.into()).build()?;
        ServerConfig::builder().with_client_cert_verifier(verifier)
    } else {
        ServerConfig::builder().with_no_client_auth()
    };
    // A chain, because there may be intermediate CAs between this certificate and the CA.
    let chain = CertificateDer::pem_slice_iter(certs.server.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(certs.server_key.as_bytes())?;
    let mut config = config.with_single_cert(chain.collect::<Result<_, _>>()?, key)?;
    // Production: the handshake of a resumed session is shorter, because it does not check certificates.
    // A client could go on with one that has expired. Without storage, there is nothing to resume.
    config.session_storage = Arc::new(server::NoServerSessionStorage {});
    // ALPN: the handshake also selects the protocol above TLS. gRPC's clients insist on HTTP/2.
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

/// The connections to `listener`, after TLS. The launcher prints why a handshake fails.
pub fn incoming(
    listener: TcpListener,
    config: Arc<ServerConfig>,
) -> impl Stream<Item = io::Result<Connection<TlsStream<TcpStream>>>> + Unpin {
    let acceptor = TlsAcceptor::from(config);
    launcher::incoming_with(listener, move |stream| {
        let handshake = acceptor.accept(stream);
        async {
            let stream = handshake.await?;
            let session = stream.get_ref().1;
            // rustls rejects a client that offers only other protocols, but not one without ALPN.
            let (Some(b"h2"), Some(tls)) =
                (session.alpn_protocol(), session.protocol_version())
            else {
                return Err(io::Error::other("peer does not offer h2 with ALPN"));
            };
            let client = session.peer_certificates().and_then(identity);
            let client = client.as_deref().unwrap_or("anonymous");
            transcript!(server, "handshake: {tls:?}, ALPN h2, client {client}");
            Ok(stream)
        }
    })
}

/// The identity in a client's certificate: the URI among its names (SAN, subject alternative names).
fn identity(chain: &[CertificateDer<'_>]) -> Option<String> {
    // The first certificate is the client's. The others connect it with the CA.
    let (_, cert) = parse_x509_certificate(chain.first()?).ok()?;
    let names = &cert.subject_alternative_name().ok()??.value.general_names;
    let mut uris = names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    });
    // With several URIs, it is not clear who the client is. SPIFFE requires rejecting that.
    uris.next().filter(|_| uris.next().is_none())
}

/// The service of `productinfo`, and who may call which method.
struct Catalogue {
    products: Products,
    mutual: bool,
}

#[tonic::async_trait]
impl ProductInfo for Catalogue {
    async fn add_product(
        &self,
        request: Request<Product>,
    ) -> Result<Response<ProductId>, Status> {
        // The certificates of the connection that this call came on.
        let certs = request.peer_certs().unwrap_or_default();
        let caller = identity(&certs).unwrap_or_default();
        if self.mutual && caller != EDITOR {
            let refused = format!("\"{caller:.100}\" may get products, but not add them");
            return Err(Status::permission_denied(refused));
        }
        self.products.add_product(request).await
    }

    // TLS has checked that the CA knows the client. This method needs no more.
    async fn get_product(
        &self,
        request: Request<ProductId>,
    ) -> Result<Response<Product>, Status> {
        self.products.get_product(request).await
    }
}

//! The server's side: `ProductInfo` as it was, its health beside it, and a graceful end.

use std::time::Duration;

use launcher::{incoming, transcript};
use productinfo::server::Products;
use proto::{
    ecommerce::product_info_server::ProductInfoServer,
    workshop::dependency_server::DependencyServer,
};
use tokio::net::TcpListener;
use tonic::{
    server::NamedService,
    transport::{self, Server},
};

use crate::{dependency::Dependency, registry::Registry};

/// The service whose status follows the database.
pub const PRODUCT_INFO: &str = <ProductInfoServer<Products> as NamedService>::NAME;

/// How long the server goes on as if nothing were, after it has said that it is NOT_SERVING. In
/// this time those who watch turn to other servers. (Kubernetes needs longer to tell its balancers,
/// and begins before the server knows: see `preStop` in the manifests.)
pub const GRACE: Duration = Duration::from_secs(1);

/// Serves on `listener` until `shutdown` ends; then says so to those who ask for its health, goes
/// on for [`GRACE`], takes no more connections, and returns when the last call is answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    let registry = Registry::default();
    // The status of the service is its readiness: without the database, calls are better sent
    // elsewhere. That of the whole server is its liveness, and does not follow: a restart would
    // not mend the database, and would lose what this server still has.
    let dependency = Dependency::new(registry.clone(), PRODUCT_INFO);

    let drain = async {
        shutdown.await;
        transcript!(server, "NOT_SERVING, and still serving for {GRACE:?}");
        registry.shut_down();
        tokio::time::sleep(GRACE).await;
        registry.close();
    };
    Server::builder()
        .timeout(Duration::from_secs(30))
        .max_concurrent_streams(200)
        .http2_keepalive_interval(Some(Duration::from_secs(60)))
        .add_service(registry.service())
        .add_service(ProductInfoServer::new(Products::default()))
        .add_service(DependencyServer::new(dependency))
        .serve_with_incoming_shutdown(incoming(listener), drain)
        .await
}

//! The server's side: `ProductInfo` unchanged, its health, and a graceful end.

use std::time::Duration;

use launcher::{builder, incoming, transcript};
use productinfo::server::Products;
use proto::{
    ecommerce::product_info_server::ProductInfoServer,
    workshop::{
        State,
        dependency_server::{Dependency, DependencyServer},
    },
};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, server::NamedService, transport};

use crate::registry::{Registry, ServingStatus};

/// The name of the service whose status follows the database.
pub const PRODUCT_INFO: &str = <ProductInfoServer<Products> as NamedService>::NAME;

/// How long the server continues as usual after it has reported NOT_SERVING. In this time, watching
/// clients turn to other servers. (Kubernetes takes longer to inform its balancers, and starts before
/// the server knows: see `preStop` in the manifests.)
pub const GRACE: Duration = Duration::from_secs(1);

/// Serves on `listener` until `shutdown` ends. Then it reports NOT_SERVING, continues for [`GRACE`],
/// closes the port, and returns when the last call is answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    let registry = Registry::default();
    // The status of the service is its readiness: without the database, calls should go elsewhere.
    // The status of the whole server is its liveness, and does not follow the database: a restart
    // would not repair that, and would lose everything that this server still has.
    registry.set(PRODUCT_INFO, ServingStatus::Serving);

    let end = async {
        shutdown.await;
        transcript!(server, "NOT_SERVING, and still serving for {GRACE:?}");
        registry.shut_down();
        tokio::time::sleep(GRACE).await;
        registry.close();
    };
    builder()
        // Production: no call here takes long, and a watch is one answer that never ends.
        .timeout(Duration::from_secs(30))
        .add_service(registry.service())
        .add_service(ProductInfoServer::new(Products::default()))
        .add_service(DependencyServer::new(Database(registry.clone())))
        .serve_with_incoming_shutdown(incoming(listener), end)
        .await
}

/// A simulated database, which clients can switch on and off.
#[derive(Debug)]
struct Database(Registry);

#[tonic::async_trait]
impl Dependency for Database {
    async fn set(&self, request: Request<State>) -> Result<Response<State>, Status> {
        let state = request.into_inner();
        transcript!(server, "the database is {}", if state.up { "up" } else { "down" });
        let status = if state.up { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.0.set(PRODUCT_INFO, status);
        Ok(Response::new(state))
    }
}

//! The server's side: two ordinary services of tonic's, which do not know who calls them and how.

use std::time::Duration;

use launcher::incoming;
use order_management::{orders::Orders, server::service};
use productinfo::server::Products;
use proto::ecommerce::product_info_server::ProductInfoServer;
use tokio::net::TcpListener;
use tonic::transport::{self, Server};

/// Serves `ProductInfo` and `OrderManagement` on `listener` until `shutdown` ends and the last call is
/// answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    Server::builder()
        .timeout(Duration::from_secs(30))
        .max_concurrent_streams(200)
        .http2_keepalive_interval(Some(Duration::from_secs(60)))
        .add_service(ProductInfoServer::new(Products::default()))
        .add_service(service(Orders::sample()))
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await
}

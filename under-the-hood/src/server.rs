//! An ordinary server, for the client to call. It does not know that a call was made by hand.

use launcher::{builder, incoming};
use order_management::{orders::Orders, server::service};
use productinfo::server::Products;
use proto::ecommerce::product_info_server::ProductInfoServer;
use tokio::net::TcpListener;
use tonic::transport;

/// Serves `ProductInfo` and `OrderManagement` until `shutdown` ends and the last call has been answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    builder()
        .add_service(ProductInfoServer::new(Products::default()))
        .add_service(service(Orders::sample()))
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await
}

//! A server with mutual TLS in a task, and clients for it.

use proto::ecommerce::{ProductId, product_info_client::ProductInfoClient};
use tls::{certs::Certs, client, server};
use tonic::{Code, transport::ClientTlsConfig};

/// Starts the server, and returns its address.
pub(crate) async fn start(certs: Certs) -> String {
    let serve = async move |listener, end| server::serve(listener, end, &certs, true).await;
    testing::start(serve).await
}

/// The status of a call of `getProduct` with an unknown id. NOT_FOUND means that the server accepts
/// the client.
pub(crate) async fn get(addr: &str, config: ClientTlsConfig) -> Code {
    let channel = client::endpoint(addr, config).unwrap().connect().await.unwrap();
    let got = ProductInfoClient::new(channel).get_product(ProductId::default()).await;
    got.unwrap_err().code()
}

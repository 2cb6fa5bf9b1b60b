//! The server's side: the service, and how it is served.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use launcher::{incoming, transcript};
use proto::ecommerce::{
    Product, ProductId,
    product_info_server::{ProductInfo, ProductInfoServer},
};
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    transport::{self, Server},
};
use uuid::Uuid;

/// The service `ecommerce.ProductInfo`, over a store in memory that stands in for a database.
#[derive(Debug, Default)]
pub struct Products {
    // Calls run at the same time, on several threads, and share this one value: hence `&self`
    // in the methods below, and the lock. Without it this would not compile, where Go's map
    // would be written by two goroutines at once and end the process.
    //
    // It is the standard library's lock, and not tokio's, because it is never held across an
    // `.await`: a task that waits while it holds a lock makes all the others wait too.
    by_id: RwLock<HashMap<String, Product>>,
}

#[tonic::async_trait]
impl ProductInfo for Products {
    async fn add_product(
        &self,
        request: Request<Product>,
    ) -> Result<Response<ProductId>, Status> {
        // What is left behind of the `Request` is the metadata; the message is ours to keep.
        let mut product = request.into_inner();
        check(&product)?;

        let id = Uuid::new_v4().to_string();
        product.id.clone_from(&id);
        transcript!(server, "storing {id} {:?}", product.name);
        self.by_id
            .write()
            // The lock is poisoned when a thread panicked while it held it. A map is whole
            // between two calls of its methods, so there is nothing to fear from it.
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.clone(), product);
        Ok(Response::new(ProductId { value: id }))
    }

    async fn get_product(
        &self,
        request: Request<ProductId>,
    ) -> Result<Response<Product>, Status> {
        let id = request.into_inner().value;
        let product = self
            .by_id
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            // A copy, because the answer is encoded after the lock is given back.
            .cloned();
        match product {
            Some(product) => Ok(Response::new(product)),
            // A status's message travels in a header, and some peers take no more than 8 KiB of
            // headers: an id of any length would cost them the answer. Hence `.100`.
            None => Err(Status::not_found(format!("product \"{id:.100}\" does not exist"))),
        }
    }
}

/// Refuses what cannot be a product. Protobuf itself has no required fields: one that was not
/// sent arrives as `""` or `0`, and looks just like one that was.
fn check(product: &Product) -> Result<(), Status> {
    if product.name.trim().is_empty() {
        return Err(Status::invalid_argument("name must not be blank"));
    }
    if !product.price.is_finite() || product.price < 0.0 {
        return Err(Status::invalid_argument(format!(
            "price must be a number and not negative, and is {}",
            product.price
        )));
    }
    Ok(())
}

/// Serves an empty catalogue on `listener` until `shutdown` ends and the last call is answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    Server::builder()
        // A call that is not answered by then, say because its message never comes, ends.
        .timeout(Duration::from_secs(30))
        // Calls at the same time on one connection; the client keeps the others waiting. Without
        // this there is no limit.
        .max_concurrent_streams(200)
        // Finds the connections whose other end is gone without a word.
        .http2_keepalive_interval(Some(Duration::from_secs(60)))
        .add_service(ProductInfoServer::new(Products::default()))
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await
}

//! The server: the service `ProductInfo`, and [`serve`], which offers it on a port.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use launcher::{incoming, transcript};
use prost::Message;
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

/// The largest message that a gRPC client accepts unless it is configured otherwise: 4 MiB.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// The service `ecommerce.ProductInfo`. It keeps its products in memory, where a real service would
/// have a database.
#[derive(Debug, Default)]
pub struct Products {
    // All calls share this one value, and they run at the same time on several threads. So the
    // methods below take `&self` and not `&mut self`, and a lock guards the map. Without the lock
    // this does not compile. In Go it compiles, and two goroutines that write to the map at the
    // same time end the process.
    //
    // This is the lock of the standard library and not tokio's, because it is never held across an
    // `.await`. A task that waits while it holds a lock makes all other tasks wait too.
    by_id: RwLock<HashMap<String, Product>>,
}

// `ProductInfo` is a trait that the build generates from the `.proto` file, with one method for
// each `rpc`. If a method is missing here, this does not compile.
//
// tonic may run a call on any thread, so a method's future must be `Send`. An `async fn` in a trait
// cannot promise that yet. `#[tonic::async_trait]` rewrites each method to return its future in a
// box, `Pin<Box<dyn Future<Output = ...> + Send>>`, which costs one small allocation per call. If
// you forget the attribute, the compiler complains that the lifetimes of the methods do not match
// the trait.
#[tonic::async_trait]
impl ProductInfo for Products {
    async fn add_product(
        &self,
        request: Request<Product>,
    ) -> Result<Response<ProductId>, Status> {
        // A `Request` is the message and its metadata. `into_inner` returns the message and drops
        // the metadata.
        let mut product = request.into_inner();

        // The server assigns the id. Whatever the client sent in this field is overwritten.
        let id = Uuid::new_v4().to_string();
        product.id.clone_from(&id);

        // `?` ends the call with the status of a failed check.
        check(&product)?;

        transcript!(server, "storing {id} {:?}", product.name);
        self.by_id
            .write()
            // `write` fails if a thread panicked while it held the lock. A panic cannot leave the map
            // half changed, so the server continues to use it.
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
            // A copy, because tonic encodes the response after this lock has been released.
            .cloned();
        match product {
            Some(product) => Ok(Response::new(product)),
            // Production: the message of a status travels in a header, and some peers accept no
            // more than 8 KiB of headers. `.100` shortens the id to 100 characters, so that a long
            // one cannot cost the client its answer.
            None => Err(Status::not_found(format!("product \"{id:.100}\" does not exist"))),
        }
    }
}

/// Rejects a product that must not be stored.
///
/// Protobuf has no required fields. A field that was not sent arrives as `""` or `0`, and looks like
/// one that was sent with that value. So every server has to check for itself.
fn check(product: &Product) -> Result<(), Status> {
    if product.name.trim().is_empty() {
        return Err(Status::invalid_argument("name must not be blank"));
    }
    if !product.price.is_finite() || product.price < 0.0 {
        return Err(Status::invalid_argument(format!(
            "price must be a number and not negative, but it is {}",
            product.price
        )));
    }
    // Production: tonic accepts requests of up to 4 MiB. A product of almost this size is larger now,
    // because it has an id, and no client with the default limit could read it back.
    let size = product.encoded_len();
    if size > MAX_MESSAGE {
        return Err(Status::resource_exhausted(format!(
            "the product has {size} bytes with its id, but at most {MAX_MESSAGE} can be read back"
        )));
    }
    Ok(())
}

/// Serves an empty catalogue on `listener`. Returns when `shutdown` has ended and the last call has
/// been answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    // The generated `ProductInfoServer` decodes each request, calls the matching method of `Products` and
    // encodes what it returns.
    let service = ProductInfoServer::new(Products::default());
    Server::builder()
        // Production: ends a call that takes longer, for example because its message never arrives.
        .timeout(Duration::from_secs(30))
        // Production: how many calls one connection may have at the same time. A client keeps
        // further calls waiting. Without this line there is no limit.
        .max_concurrent_streams(200)
        // Production: a client whose deadline passes resets its call. By default, 20 resets of calls that the
        // server has not accepted yet close the connection, with all its other calls.
        .http2_max_pending_accept_reset_streams(Some(1_000))
        // Production: sends a PING every minute, and so finds clients that vanished silently.
        .http2_keepalive_interval(Some(Duration::from_secs(60)))
        .add_service(service)
        // `incoming` accepts the connections, as tonic's `TcpIncoming` does. In addition, it closes
        // connections whose client is silent or has vanished, so that they do not delay the shutdown.
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await
}

//! The server: the service of `order-management`, with metadata in two of its methods.

use std::sync::Arc;

use futures::{
    TryStreamExt,
    stream::{self, BoxStream, Stream, StreamExt},
};
use launcher::{builder, incoming};
use order_management::{orders::Orders, server::OrderService};
use proto::ecommerce::{
    Order,
    order_management_server::{OrderManagement, OrderManagementServer},
};
use tokio::net::TcpListener;
use tonic::{
    Code, Request, Response, Status, Streaming,
    metadata::{MetadataMap, MetadataValue},
    transport,
};
use tower::layer::layer_fn;

use crate::{binary, headers::WithHeaders};

/// How many bytes of metadata the server accepts in a request. HTTP/2 counts the names, the values, and 32
/// bytes for each pair, and includes the headers of gRPC itself.
///
/// A call with more fails with HTTP status 431, which tonic's client reports as UNKNOWN, and the connection
/// stays open. But if it is far more, `h2`, the library below tonic, closes the connection, and all other
/// calls on it fail too. They may be the calls of others, because a proxy sends the calls of many clients
/// on one connection. With the default of 16 KiB, this begins at 64 KiB. With 192 KiB, it begins at about
/// 270 KiB on the wire, which is more than any of our clients ever sends.
///
/// It also bounds the memory: 192 KiB for each of 200 calls on a connection are 39 MB. If they are many small
/// pairs, the server was measured to use about 54 MB.
pub const MAX_METADATA: u32 = 192 * 1024;

/// How many bytes of `context-bin` the server returns, as HTTP/2 counts them.
///
/// Production: do not return as much metadata as a caller may send. Many clients accept 8 or 16 KiB, and far more
/// closes their connection. And each comma makes another header: 190,000 commas would become 190,001 headers.
const MAX_CONTEXT: usize = 12 * 1024;

/// The service `ecommerce.OrderManagement`.
#[derive(Debug)]
pub struct MetadataOrders {
    /// Implements all methods. This service adds the metadata.
    orders: OrderService,
}

impl MetadataOrders {
    /// The service over `orders`.
    #[must_use]
    pub fn new(orders: Arc<Orders>) -> Self {
        Self { orders: OrderService::new(orders) }
    }
}

#[tonic::async_trait]
impl OrderManagement for MetadataOrders {
    /// Returns the values of `context-bin` as they came.
    async fn get_order(&self, request: Request<String>) -> Result<Response<Order>, Status> {
        // Read the metadata first: `into_inner`, which the service calls, drops them.
        let context = binary::values(request.metadata(), "context-bin").map_err(|error| {
            Status::invalid_argument(format!("context-bin is not base64: {error}"))
        })?;
        // Base64 makes 4 characters of 3 bytes. The name has 11, and 32 bytes are added for each pair.
        let size: usize =
            context.iter().map(|value| value.len().div_ceil(3) * 4 + 11 + 32).sum();
        if size > MAX_CONTEXT {
            return Err(Status::invalid_argument(format!(
                "context-bin has {size} bytes, but at most {MAX_CONTEXT} can be returned"
            )));
        }
        let mut result = self.orders.get_order(request).await;
        // The metadata of a `Response` become its headers. A `Status` has metadata too, and the client
        // gets them with the status. In Go, `grpc.SetHeader` and `grpc.SetTrailer` do this.
        let metadata = match &mut result {
            Ok(response) => response.metadata_mut(),
            Err(status) => status.metadata_mut(),
        };
        for value in context {
            // `insert_bin` would replace the previous value.
            metadata.append_bin("context-bin", MetadataValue::from_bytes(&value));
        }
        result
    }

    type searchOrdersStream = BoxStream<'static, Result<Order, Status>>;

    /// Adds the trailer `orders-found`.
    async fn search_orders(
        &self,
        request: Request<String>,
    ) -> Result<Response<Self::searchOrdersStream>, Status> {
        // tonic sends the headers as soon as this returns, and then asks the stream for messages.
        let response = self.orders.search_orders(request).await?;
        Ok(response.map(|orders| with_count(orders).boxed()))
    }

    async fn add_order(&self, request: Request<Order>) -> Result<Response<String>, Status> {
        self.orders.add_order(request).await
    }

    async fn update_orders(
        &self,
        request: Request<Streaming<Order>>,
    ) -> Result<Response<String>, Status> {
        self.orders.update_orders(request).await
    }

    type processOrdersStream = <OrderService as OrderManagement>::processOrdersStream;

    async fn process_orders(
        &self,
        request: Request<Streaming<String>>,
    ) -> Result<Response<Self::processOrdersStream>, Status> {
        self.orders.process_orders(request).await
    }
}

/// The same stream, with the trailer `orders-found: N` after the last order.
///
/// tonic has nothing like Go's `stream.SetTrailer` for a call that succeeds. But it sends the metadata
/// of a `Status` as trailers, together with the status itself, and it does so with *any* status that
/// ends a stream. So this stream ends with a status whose code is OK, and the client sees a success. If
/// the orders end with an error, `?` returns that, and there is no count.
///
/// This works only for streams. The status of a unary method ends the call without a message. But a
/// unary method knows everything before it returns its message, so it can send a header instead.
pub fn with_count(
    orders: BoxStream<'static, Result<Order, Status>>,
) -> impl Stream<Item = Result<Order, Status>> + Send {
    // The state is the rest of the stream, and how many orders came from it. An `Err` is the last item.
    stream::try_unfold((orders, 0_u64), async |(mut orders, found)| {
        if let Some(order) = orders.try_next().await? {
            return Ok(Some((order, (orders, found + 1))));
        }
        let mut trailers = MetadataMap::new();
        trailers.insert("orders-found", found.into());
        Err(Status::with_metadata(Code::Ok, "", trailers))
    })
}

/// Serves the sample orders on `listener`. Returns when `shutdown` has ended and the last call has
/// been answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    let service = MetadataOrders::new(Arc::new(Orders::sample()));
    builder()
        // Production: choose it, instead of inheriting the default of a library three levels below.
        .http2_max_header_list_size(MAX_METADATA)
        .layer(layer_fn(WithHeaders))
        .add_service(OrderManagementServer::new(service))
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await
}

//! How much metadata is too much, in both directions, and what it costs.
//!
//! Each test has another call in flight on the same connection. "Survives" means that this call goes on
//! and that the client did not have to connect again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures::stream::{self, BoxStream, StreamExt};
use hyper_util::rt::TokioIo;
use metadata::server::{MAX_METADATA, serve};
use order_management::server::OrderService;
use proto::ecommerce::{
    Order,
    order_management_client::OrderManagementClient,
    order_management_server::{OrderManagement, OrderManagementServer},
};
use testing::start;
use tokio::{net::TcpStream, sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Code, Request, Response, Status, Streaming,
    metadata::{MetadataMap, MetadataValue},
    transport::{Channel, Endpoint, Server},
};
use tower::service_fn;

use crate::raw;

const KIB: usize = 1024;

type Client = OrderManagementClient<Channel>;

/// A client that has a connection with a second call in flight.
struct Connected {
    client: Client,
    connections: Arc<AtomicUsize>,
    ids: mpsc::Sender<String>,
    shipments: Streaming<proto::ecommerce::CombinedShipment>,
}

impl Connected {
    /// `limit` is the client's limit for metadata, if it is not the default of 16 KiB.
    async fn to(addr: String, limit: Option<u32>) -> Self {
        let mut endpoint = Endpoint::from_static("http://in.test");
        if let Some(limit) = limit {
            endpoint = endpoint.http2_max_header_list_size(limit);
        }
        let connections = Arc::new(AtomicUsize::new(0));
        let opened = Arc::clone(&connections);
        let connector = service_fn(move |_| {
            opened.fetch_add(1, SeqCst);
            let addr = addr.clone();
            async { TcpStream::connect(addr).await.map(TokioIo::new) }
        });
        let channel = endpoint.connect_with_connector(connector).await.unwrap();
        let mut client = OrderManagementClient::new(channel);
        let (ids, request) = mpsc::channel(1);
        let shipments = client.process_orders(ReceiverStream::new(request)).await.unwrap();
        Self { client, connections, ids, shipments: shipments.into_inner() }
    }

    /// Whether the other call can still send and receive, on the only connection that there ever was.
    async fn survives(mut self) -> bool {
        let _ = self.ids.send("106".to_owned()).await;
        drop(self.ids);
        let shipment = timeout(Duration::from_secs(60), self.shipments.message()).await;
        let received = matches!(shipment.expect("the call ends"), Ok(Some(_)));
        // The next call would connect again, if the connection was lost.
        let next = self.client.get_order("106".to_owned()).await;
        assert!(next.is_ok() || !received, "{next:?}");
        received && self.connections.load(SeqCst) == 1
    }
}

/// Sends this much metadata to the server at `addr`.
async fn send(addr: String, size: usize) -> (Status, bool) {
    let mut connected = Connected::to(addr, None).await;
    let mut request = Request::new("106".to_owned());
    request.metadata_mut().insert("padding", "x".repeat(size).parse().unwrap());
    let result = connected.client.get_order(request).await;
    (result.map_or_else(|status| status, |_| Status::ok("")), connected.survives().await)
}

/// Answers with as much metadata as the id in the request says.
struct Large(OrderService);

fn padding(size: &str) -> MetadataMap {
    let mut metadata = MetadataMap::new();
    metadata.insert("padding", "x".repeat(size.parse().unwrap()).parse().unwrap());
    metadata
}

#[tonic::async_trait]
impl OrderManagement for Large {
    async fn get_order(&self, request: Request<String>) -> Result<Response<Order>, Status> {
        match request.get_ref().split_once(' ') {
            Some(("headers", size)) => {
                let mut response = Response::new(Order::default());
                *response.metadata_mut() = padding(size);
                Ok(response)
            }
            Some(("message", size)) => {
                Err(Status::not_found("x".repeat(size.parse().unwrap())))
            }
            Some((_, size)) => {
                Err(Status::with_metadata(Code::NotFound, "gone", padding(size)))
            }
            None => self.0.get_order(request).await,
        }
    }

    type searchOrdersStream = BoxStream<'static, Result<Order, Status>>;

    async fn search_orders(
        &self,
        request: Request<String>,
    ) -> Result<Response<Self::searchOrdersStream>, Status> {
        let end = match request.get_ref().split_once(' ').unwrap() {
            ("trailers", size) => Status::with_metadata(Code::Ok, "", padding(size)),
            (_, size) => Status::not_found("x".repeat(size.parse().unwrap())),
        };
        Ok(Response::new(stream::iter([Ok(Order::default()), Err(end)]).boxed()))
    }

    async fn add_order(&self, _: Request<Order>) -> Result<Response<String>, Status> {
        unreachable!()
    }

    async fn update_orders(
        &self,
        _: Request<Streaming<Order>>,
    ) -> Result<Response<String>, Status> {
        unreachable!()
    }

    type processOrdersStream = <OrderService as OrderManagement>::processOrdersStream;

    async fn process_orders(
        &self,
        request: Request<Streaming<String>>,
    ) -> Result<Response<Self::processOrdersStream>, Status> {
        self.0.process_orders(request).await
    }
}

async fn large() -> String {
    start(|listener, shutdown| {
        let orders = order_management::orders::Orders::sample();
        let service = OrderManagementServer::new(Large(OrderService::new(orders.into())));
        Server::builder()
            .add_service(service)
            .serve_with_incoming_shutdown(launcher::incoming(listener), shutdown)
    })
    .await
}

/// Receives a response of `getOrder` with this much metadata, which come before a message.
async fn receive(limit: Option<u32>, kind: &str, size: usize) -> (Status, bool) {
    let mut connected = Connected::to(large().await, limit).await;
    let result = connected.client.get_order(format!("{kind} {size}")).await;
    (result.map_or_else(|status| status, |_| Status::ok("")), connected.survives().await)
}

/// Receives a stream with this much metadata after its message.
async fn receive_later(limit: Option<u32>, kind: &str, size: usize) -> (Status, bool) {
    let mut connected = Connected::to(large().await, limit).await;
    let call = connected.client.search_orders(format!("{kind} {size}"));
    let mut orders = call.await.unwrap().into_inner();
    orders.message().await.unwrap().expect("the message comes first");
    let status = match orders.trailers().await {
        Ok(trailers) => Status::with_metadata(Code::Ok, "", trailers.unwrap()),
        Err(status) => status,
    };
    (status, connected.survives().await)
}

#[tokio::test]
async fn our_server_accepts_8_and_16_kib() {
    for size in [8 * KIB, 16 * KIB] {
        let (status, survives) = send(start(serve).await, size).await;
        assert_eq!((status.code(), survives), (Code::Ok, true), "{status:?}");
    }
}

#[tokio::test]
async fn context_bin_that_no_client_could_read_does_not_close_the_connection() {
    let mut connected = Connected::to(start(serve).await, None).await;
    let mut request = Request::new("106".to_owned());
    let context = MetadataValue::from_bytes(&vec![7; 70_000]);
    request.metadata_mut().insert_bin("context-bin", context);
    let status = connected.client.get_order(request).await.unwrap_err();
    let survives = connected.survives().await;
    assert_eq!((status.code(), survives), (Code::InvalidArgument, true), "{status:?}");
}

#[tokio::test]
async fn our_server_refuses_200_kib_and_the_connection_survives() {
    let (status, survives) = send(start(serve).await, 200 * KIB).await;
    assert_eq!((status.code(), survives), (Code::Unknown, true), "{status:?}");
    assert!(status.message().ends_with("HTTP status code 431"), "{status:?}");
    assert!(status.metadata().is_empty(), "HTTP/2 answers before the layer: {status:?}");
}

#[tokio::test]
async fn the_default_of_tonic_refuses_16_kib_and_the_connection_survives() {
    let (status, survives) = send(start(order_management::server::serve).await, 16 * KIB).await;
    assert_eq!((status.code(), survives), (Code::Unknown, true), "{status:?}");
    assert!(status.message().ends_with("HTTP status code 431"), "{status:?}");
}

#[tokio::test]
async fn the_default_of_tonic_closes_the_connection_over_200_kib() {
    let (status, survives) =
        send(start(order_management::server::serve).await, 200 * KIB).await;
    assert!(status.code() != Code::Ok && !survives, "{status:?}");
}

#[tokio::test]
async fn our_client_accepts_16_kib_in_a_response() {
    for (kind, code) in
        [("headers", Code::Ok), ("message", Code::NotFound), ("metadata", Code::NotFound)]
    {
        let (status, survives) = receive(Some(MAX_METADATA), kind, 16 * KIB).await;
        assert_eq!((status.code(), survives), (code, true), "{kind} {status:?}");
    }
}

#[tokio::test]
async fn a_response_over_the_limit_of_the_client_is_internal_and_the_connection_survives() {
    for kind in ["headers", "message", "metadata"] {
        for (limit, size) in [(Some(MAX_METADATA), 200 * KIB), (None, 16 * KIB)] {
            let (status, survives) = receive(limit, kind, size).await;
            assert_eq!((status.code(), survives), (Code::Internal, true), "{kind} {status:?}");
        }
    }
}

#[tokio::test]
async fn a_client_with_the_default_of_tonic_closes_the_connection_over_200_kib() {
    let (status, survives) = receive(None, "message", 200 * KIB).await;
    assert!(status.code() != Code::Ok && !survives, "{status:?}");
}

#[tokio::test]
async fn trailers_over_the_limit_make_a_success_unknown() {
    let (status, _) = receive_later(Some(MAX_METADATA), "trailers", 16 * KIB).await;
    assert_eq!(status.code(), Code::Ok);
    assert!(status.metadata().contains_key("padding"));
    let (status, survives) = receive_later(Some(MAX_METADATA), "trailers", 200 * KIB).await;
    assert_eq!((status.code(), survives), (Code::Unknown, true), "{status:?}");
}

#[tokio::test]
async fn a_message_over_the_limit_is_lost_after_a_message_and_its_code_stays() {
    let (status, survives) = receive_later(Some(MAX_METADATA), "message", 200 * KIB).await;
    assert_eq!((status.code(), survives), (Code::NotFound, true), "{status:?}");
    assert_eq!(status.message(), "");
}

#[tokio::test]
async fn http2_counts_names_values_and_32_bytes_for_each_pair() {
    let pairs = [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", raw::AUTHORITY),
        (":path", "/ecommerce.OrderManagement/getOrder"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("padding", ""),
    ];
    let others = pairs.iter().map(|(name, value)| name.len() + value.len() + 32).sum::<usize>();
    let room = MAX_METADATA as usize - others;
    for (length, http_status) in [(room - 1, 200), (room, 431)] {
        let padding = "x".repeat(length);
        let answer = raw::call("getOrder", &[("padding", &padding)], &raw::string("106")).await;
        assert_eq!(answer.http_status, http_status, "{length} of {room}");
    }
}

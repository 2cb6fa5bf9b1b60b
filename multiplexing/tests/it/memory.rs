//! A server in memory whose settings a test chooses, and channels to it.
//!
//! Use it with paused time. Then `settle` returns when everything is sent that can be sent now, and a
//! call that has not ended by then is waiting.

use std::io;

use futures::{FutureExt, StreamExt};
use hyper_util::rt::TokioIo;
use multiplexing::server;
use proto::{
    ecommerce::{CombinedShipment, order_management_client::OrderManagementClient},
    helloworld::{HelloRequest, greeter_client::GreeterClient},
};
use testing::network::{Network, addr, settle};
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, UnboundedReceiverStream};
use tonic::{
    Response, Status, Streaming,
    transport::{Channel, Endpoint, Server},
};

/// A network with one backend: both services, and the settings of `server`.
pub(crate) fn start(server: Server) -> Network {
    let network = Network::default();
    let (incoming, stop) = network.listen(1);
    let incoming = UnboundedReceiverStream::new(incoming).map(Ok::<_, io::Error>);
    let mut server = server;
    tokio::spawn(
        server
            .add_routes(server::services())
            .serve_with_incoming_shutdown(incoming, stop.cancelled_owned()),
    );
    network
}

/// A new channel with the settings of `endpoint`.
pub(crate) async fn connect(network: &Network, endpoint: Endpoint) -> Channel {
    let network = network.clone();
    let connector = tower::service_fn(move |_| {
        let stream = network.connect(addr(1)).map(TokioIo::new);
        async { stream }
    });
    endpoint.connect_with_connector(connector).await.expect("the backend listens")
}

/// The settings of the example's client.
pub(crate) fn our_endpoint() -> Endpoint {
    launcher::endpoint("in.memory:1").expect("the address is valid")
}

/// The settings of tonic.
pub(crate) fn tonics_endpoint() -> Endpoint {
    Endpoint::from_static("http://in.memory")
}

/// A channel to a server, both with the settings of the example.
pub(crate) async fn ours() -> Channel {
    connect(&start(launcher::builder()), our_endpoint()).await
}

pub(crate) async fn say_hello(channel: Channel, name: &str) -> Result<String, Status> {
    let request = HelloRequest { name: name.into() };
    let reply = GreeterClient::new(channel).say_hello(request).await?;
    Ok(reply.into_inner().message)
}

/// Whether a call that starts now ends while nothing else happens.
pub(crate) async fn is_answered(channel: &Channel) -> bool {
    let mut call = Box::pin(say_hello(channel.clone(), "x"));
    assert!((&mut call).now_or_never().is_none(), "the answer comes over the network");
    settle().await;
    call.now_or_never().map(|reply| assert_eq!(reply.unwrap(), "Hello x")).is_some()
}

/// A stream of `processOrders` that the server has accepted, and that stays open.
pub(crate) struct OpenStream {
    pub(crate) ids: mpsc::Sender<String>,
    shipments: Streaming<CombinedShipment>,
}

impl OpenStream {
    pub(crate) async fn new(channel: &Channel) -> Self {
        let (ids, request) = mpsc::channel(1);
        let mut stub = OrderManagementClient::new(channel.clone());
        // Our server sends the headers of its response at once, so the call is running now.
        let response = stub.process_orders(ReceiverStream::new(request)).await;
        Self { ids, shipments: response.map(Response::into_inner).expect("it starts") }
    }

    /// As many as the server allows.
    pub(crate) async fn fill(channel: &Channel) -> Vec<Self> {
        let mut streams = Vec::new();
        for _ in 0..launcher::STREAMS {
            streams.push(Self::new(channel).await);
        }
        streams
    }

    /// Half-closes, and reads the rest of the answer.
    pub(crate) async fn end(self) -> Vec<CombinedShipment> {
        drop(self.ids);
        self.shipments.map(|shipment| shipment.expect("the stream works")).collect().await
    }
}

//! A client and a server with a network between them, all in memory. Use it with paused time.

use std::{
    convert::Infallible,
    future::pending,
    io,
    sync::{Arc, Mutex},
};

use futures::{Stream, StreamExt, stream};
use hyper_util::rt::TokioIo;
use keepalive::tour::forward;
use proto::echo::{
    EchoRequest, EchoResponse,
    echo_client::EchoClient,
    echo_server::{Echo, EchoServer},
};
use tokio::{io::duplex, sync::Notify};
use tokio_util::io::InspectReader;
use tonic::{
    Code, Request, Response, Status, Streaming,
    codegen::BoxStream,
    transport::{Channel, Endpoint, Server},
};
use watch::{Line, Side, View, Watcher};

/// A service that can be asked how many streams are open.
#[derive(Clone, Default)]
pub(crate) struct Service {
    open: Arc<()>,
    /// The status that ends a bidirectional stream after its first answer, if it ends at all.
    pub(crate) ends_with: Option<Code>,
}

impl Service {
    /// How many streams have not been dropped.
    pub(crate) fn open(&self) -> usize {
        // One for `self` and one for the server.
        Arc::strong_count(&self.open) - 2
    }
}

#[tonic::async_trait]
impl Echo for Service {
    async fn unary_echo(
        &self,
        request: Request<EchoRequest>,
    ) -> Result<Response<EchoResponse>, Status> {
        if request.into_inner().message == "wait" {
            pending::<()>().await;
        }
        Ok(Response::new(EchoResponse::default()))
    }

    type ServerStreamingEchoStream = BoxStream<EchoResponse>;

    /// Sends as much as it can.
    async fn server_streaming_echo(
        &self,
        _: Request<EchoRequest>,
    ) -> Result<Response<BoxStream<EchoResponse>>, Status> {
        let (open, message) = (Arc::clone(&self.open), "x".repeat(10_000));
        let answers = stream::repeat(message).map(move |message| {
            let _ = &open;
            Ok(EchoResponse { message })
        });
        Ok(Response::new(answers.boxed()))
    }

    async fn client_streaming_echo(
        &self,
        _: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<EchoResponse>, Status> {
        Err(Status::unimplemented("not needed"))
    }

    type BidirectionalStreamingEchoStream = BoxStream<EchoResponse>;

    async fn bidirectional_streaming_echo(
        &self,
        request: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<BoxStream<EchoResponse>>, Status> {
        let open = Arc::clone(&self.open);
        let answers = request.into_inner().map(move |request| {
            let _ = &open;
            request.map(|EchoRequest { message }| EchoResponse { message })
        });
        let Some(code) = self.ends_with else { return Ok(Response::new(answers.boxed())) };
        let error = (code != Code::Ok).then(|| Err(Status::new(code, "the end")));
        Ok(Response::new(answers.take(1).chain(stream::iter(error)).boxed()))
    }
}

/// The incoming connections of a server that gets one.
pub(crate) fn only<T>(connection: T) -> impl Stream<Item = Result<T, Infallible>> {
    stream::iter([Ok(connection)]).chain(stream::pending())
}

/// The network between the two sides. Clones are the same network.
#[derive(Clone, Default)]
pub(crate) struct Network(Arc<Inner>);

#[derive(Default)]
struct Inner {
    silence: Notify,
    frames: Mutex<Vec<Line>>,
}

impl Network {
    pub(crate) fn silence(&self) {
        self.0.silence.notify_one();
    }

    /// How many frames of this type `side` has sent, whether they arrived or not. Answers to PINGs are
    /// not counted.
    pub(crate) fn frames(&self, side: Side, kind: &str) -> usize {
        let frames = self.0.frames.lock().unwrap();
        let sent =
            frames.iter().filter(|line| line.side == side && line.text.starts_with(kind));
        sent.filter(|line| !line.text.contains("ACK")).count()
    }
}

/// Serves `service` with the settings of `server`, and connects to it.
pub(crate) async fn connect(
    mut server: Server,
    service: Service,
    endpoint: Endpoint,
) -> (EchoClient<Channel>, Network) {
    let ((ours, near), (far, theirs)) = (duplex(64 * 1024), duplex(64 * 1024));
    let server = server.add_service(EchoServer::new(service));
    tokio::spawn(server.serve_with_incoming(only(theirs)));
    let network = Network::default();
    let inner = Arc::clone(&network.0);
    tokio::spawn(async move {
        let watcher = Mutex::new(Watcher::new(View::Frames));
        let see = |side, bytes: &[u8]| {
            let lines = watcher.lock().unwrap().see(side, bytes);
            inner.frames.lock().unwrap().extend(lines);
        };
        let near = InspectReader::new(near, |bytes: &[u8]| see(Side::Client, bytes));
        let far = InspectReader::new(far, |bytes: &[u8]| see(Side::Server, bytes));
        forward(near, far, &inner.silence, &Notify::new()).await
    });
    let mut ours = Some(TokioIo::new(ours));
    let channel = endpoint
        .connect_with_connector(tower::service_fn(move |_| {
            let pipe = ours.take();
            async { pipe.ok_or_else(|| io::Error::other("the only connection is gone")) }
        }))
        .await
        .expect("the pipe is there");
    (EchoClient::new(channel), network)
}

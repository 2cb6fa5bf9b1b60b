//! A network in memory, whose backends start, hang and end as a test needs.
//!
//! Use it with paused time. Then nothing is left to chance: the clock advances only when no task
//! has anything else to do, and `settle` waits until everything is done that can be done now.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{
    FutureExt, StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use proto::echo::{
    EchoRequest, EchoResponse,
    echo_server::{Echo, EchoServer},
};
use tokio::{
    io::{DuplexStream, copy, duplex, split},
    select,
    sync::mpsc,
    task::JoinSet,
    time::Instant,
};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming, service::Routes, transport::Server};

/// The address of the backend with this number.
#[must_use]
pub fn addr(number: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, number], 50051))
}

/// The target URI of the backends with these numbers, for a channel.
#[must_use]
pub fn target(numbers: &[u8]) -> String {
    let addrs = numbers.iter().map(|number| addr(*number).to_string());
    format!("ipv4:{}", addrs.collect::<Vec<_>>().join(","))
}

/// Waits until every task waits for time to pass or for the test.
pub async fn settle() {
    tokio::time::sleep(Duration::from_nanos(1)).await;
}

/// The network. Clones are the same network.
#[derive(Clone, Default)]
pub struct Network(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    backends: HashMap<SocketAddr, Running>,
    attempts: Vec<(SocketAddr, Instant)>,
}

/// A backend that listens.
struct Running {
    connections: mpsc::UnboundedSender<DuplexStream>,
    /// The wires of its connections.
    wires: JoinSet<()>,
    stop: CancellationToken,
}

impl Network {
    /// A network with echo backends with these numbers.
    pub fn of(numbers: impl IntoIterator<Item = u8>) -> Self {
        let network = Self::default();
        numbers.into_iter().for_each(|number| network.start(number));
        network
    }

    /// Starts a backend that adds ` (from ADDR)` to each message.
    pub fn start(&self, number: u8) {
        self.serve(number, Routes::new(EchoServer::new(Backend(addr(number)))));
    }

    /// Starts a backend that serves `routes`.
    pub fn serve(&self, number: u8, routes: Routes) {
        let (incoming, stop) = self.listen(number);
        let incoming = UnboundedReceiverStream::new(incoming).map(Ok::<_, io::Error>);
        tokio::spawn(
            Server::builder()
                .add_routes(routes)
                .serve_with_incoming_shutdown(incoming, stop.cancelled_owned()),
        );
    }

    /// Listens, and returns the connections and a token that [`stop`](Self::stop) cancels.
    #[must_use]
    pub fn listen(
        &self,
        number: u8,
    ) -> (mpsc::UnboundedReceiver<DuplexStream>, CancellationToken) {
        let (connections, incoming) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let running = Running { connections, wires: JoinSet::new(), stop: stop.clone() };
        self.0.lock().unwrap().backends.insert(addr(number), running);
        (incoming, stop)
    }

    /// Ends a backend, and cuts its connections.
    pub fn kill(&self, number: u8) {
        self.0.lock().unwrap().backends.remove(&addr(number)).expect("it runs");
    }

    /// Ends a backend gracefully: it sends GOAWAY and finishes its calls. New connections are
    /// refused. Returns the open ones.
    #[must_use]
    pub fn stop(&self, number: u8) -> JoinSet<()> {
        let running = self.0.lock().unwrap().backends.remove(&addr(number)).expect("it runs");
        running.stop.cancel();
        running.wires
    }

    /// The times of all attempts to connect to a backend.
    #[must_use]
    pub fn attempts(&self, number: u8) -> Vec<Instant> {
        let inner = self.0.lock().unwrap();
        let attempts = inner.attempts.iter().filter(|(tried, _)| *tried == addr(number));
        attempts.map(|(_, at)| *at).collect()
    }

    /// How many connections a backend has.
    #[must_use]
    pub fn connections(&self, number: u8) -> usize {
        let mut inner = self.0.lock().unwrap();
        let Some(running) = inner.backends.get_mut(&addr(number)) else { return 0 };
        while running.wires.join_next().now_or_never().flatten().is_some() {}
        running.wires.len()
    }

    /// Opens a connection, or fails with "connection refused". Give a channel this as its connector.
    pub fn connect(&self, to: SocketAddr) -> io::Result<DuplexStream> {
        let mut inner = self.0.lock().unwrap();
        inner.attempts.push((to, Instant::now()));
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let running = inner.backends.get_mut(&to).ok_or_else(refused)?;
        let ((ours, near), (far, theirs)) = (duplex(64 * 1024), duplex(64 * 1024));
        running.connections.send(theirs).map_err(|_| refused())?;
        running.wires.spawn(async move {
            let ((mut from_us, mut to_us), (mut from_them, mut to_them)) =
                (split(near), split(far));
            // Until either side closes it.
            select! {
                _ = copy(&mut from_us, &mut to_them) => {}
                _ = copy(&mut from_them, &mut to_us) => {}
            }
        });
        Ok(ours)
    }
}

struct Backend(SocketAddr);

impl Backend {
    fn answer(&self, request: &EchoRequest) -> EchoResponse {
        EchoResponse { message: format!("{} (from {})", request.message, self.0) }
    }
}

type Answers = BoxStream<'static, Result<EchoResponse, Status>>;

#[tonic::async_trait]
impl Echo for Backend {
    async fn unary_echo(
        &self,
        request: Request<EchoRequest>,
    ) -> Result<Response<EchoResponse>, Status> {
        Ok(Response::new(self.answer(request.get_ref())))
    }

    type ServerStreamingEchoStream = Answers;

    async fn server_streaming_echo(
        &self,
        request: Request<EchoRequest>,
    ) -> Result<Response<Answers>, Status> {
        let answer = self.answer(request.get_ref());
        Ok(Response::new(stream::repeat(answer).take(3).map(Ok).boxed()))
    }

    async fn client_streaming_echo(
        &self,
        _: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<EchoResponse>, Status> {
        Err(Status::unimplemented("not needed"))
    }

    type BidirectionalStreamingEchoStream = Answers;

    async fn bidirectional_streaming_echo(
        &self,
        request: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<Answers>, Status> {
        let backend = Self(self.0);
        let answers = request.into_inner().map_ok(move |request| backend.answer(&request));
        Ok(Response::new(answers.boxed()))
    }
}

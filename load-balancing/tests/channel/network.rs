//! A network in memory, whose backends come, hang and go as a test wants.
//!
//! With paused time nothing is left to chance: the clock moves on only when nobody has anything
//! else to do. So `settle` waits until all is done that can be done now.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::FutureExt;
use load_balancing::{
    channel::Channel,
    handshake::{Connector, Stream},
    resolver::Resolver,
    server::Backend,
};
use proto::echo::{EchoRequest, echo_client::EchoClient, echo_server::EchoServer};
use tokio::{
    io::{DuplexStream, copy, duplex, split},
    select,
    sync::{Notify, mpsc, watch},
    task::JoinSet,
    time::Instant,
};
use tokio_stream::{StreamExt, wrappers::UnboundedReceiverStream};
use tokio_util::sync::CancellationToken;
use tonic::{Status, service::Routes, transport::Server};

/// The address of the backend with this number.
pub(crate) fn addr(number: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, number], 50051))
}

/// Waits until nothing is left to do for this instant.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_nanos(1)).await;
}

#[derive(Clone, Default)]
pub(crate) struct Network(Arc<Mutex<Inner>>);

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
    /// Starts echo backends with these numbers.
    pub(crate) fn of(numbers: impl IntoIterator<Item = u8>) -> Self {
        let network = Self::default();
        numbers.into_iter().for_each(|number| network.start(number));
        network
    }

    /// Starts an echo backend.
    pub(crate) fn start(&self, number: u8) {
        self.serve(number, Routes::new(EchoServer::new(Backend { addr: addr(number) })));
    }

    /// Starts a backend with services of the test's own.
    pub(crate) fn serve(&self, number: u8, routes: Routes) {
        let (incoming, stop) = self.listen(number);
        let incoming = UnboundedReceiverStream::new(incoming).map(Ok::<_, io::Error>);
        tokio::spawn(
            Server::builder()
                .add_routes(routes)
                .serve_with_incoming_shutdown(incoming, stop.cancelled_owned()),
        );
    }

    /// Listens, and hands out the connections, with a token that is cancelled by `stop`.
    pub(crate) fn listen(
        &self,
        number: u8,
    ) -> (mpsc::UnboundedReceiver<DuplexStream>, CancellationToken) {
        let (connections, incoming) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let running = Running { connections, wires: JoinSet::new(), stop: stop.clone() };
        self.0.lock().unwrap().backends.insert(addr(number), running);
        (incoming, stop)
    }

    /// Ends a backend with all of its connections.
    pub(crate) fn kill(&self, number: u8) {
        self.0.lock().unwrap().backends.remove(&addr(number)).expect("it runs");
    }

    /// Ends a backend gracefully: it sends GOAWAY, and finishes its calls. New connections are refused.
    /// The old ones are those that are returned.
    pub(crate) fn stop(&self, number: u8) -> JoinSet<()> {
        let running = self.0.lock().unwrap().backends.remove(&addr(number)).expect("it runs");
        running.stop.cancel();
        running.wires
    }

    /// When the backend was connected to, or was tried to be.
    pub(crate) fn attempts(&self, number: u8) -> Vec<Instant> {
        let inner = self.0.lock().unwrap();
        let attempts = inner.attempts.iter().filter(|(tried, _)| *tried == addr(number));
        attempts.map(|(_, at)| *at).collect()
    }

    /// How many connections the backend has.
    pub(crate) fn connections(&self, number: u8) -> usize {
        let mut inner = self.0.lock().unwrap();
        let Some(running) = inner.backends.get_mut(&addr(number)) else { return 0 };
        while running.wires.join_next().now_or_never().flatten().is_some() {}
        running.wires.len()
    }

    fn connect(&self, to: SocketAddr) -> io::Result<Box<dyn Stream>> {
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
        Ok(Box::new(ours))
    }

    /// What a channel on this network stands on.
    pub(crate) fn connector(&self) -> Connector {
        let network = self.clone();
        Arc::new(move |to| std::future::ready(network.connect(to)).boxed())
    }
}

type Answer = Result<Vec<SocketAddr>, String>;

/// What a resolver answers, as the test wants.
pub(crate) struct Answers(watch::Sender<Answer>);

impl Answers {
    pub(crate) fn say(&self, numbers: &[u8]) {
        drop(self.0.send_replace(Ok(addrs(numbers))));
    }

    pub(crate) fn fail(&self, why: &str) {
        drop(self.0.send_replace(Err(why.into())));
    }
}

/// A resolver that answers what it is told.
pub(crate) struct Told {
    answers: watch::Receiver<Answer>,
    has_answered: bool,
}

/// A resolver that answers with these backends, until it is told otherwise.
pub(crate) fn told(numbers: &[u8]) -> (Answers, Told) {
    let (sender, answers) = watch::channel(Ok(addrs(numbers)));
    (Answers(sender), Told { answers, has_answered: false })
}

pub(crate) fn addrs(numbers: &[u8]) -> Vec<SocketAddr> {
    numbers.iter().copied().map(addr).collect()
}

#[tonic::async_trait]
impl Resolver for Told {
    async fn resolve(&mut self, _: &Notify) -> Result<Vec<SocketAddr>, launcher::Error> {
        if self.has_answered && self.answers.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        self.has_answered = true;
        Ok(self.answers.borrow_and_update().clone()?)
    }
}

/// Which backend answers the next call, or why none does.
pub(crate) async fn echo(channel: &Channel) -> Result<u8, Status> {
    echo_with(channel, tonic::Request::new(EchoRequest { message: "hi".into() })).await
}

pub(crate) async fn echo_with(
    channel: &Channel,
    request: tonic::Request<EchoRequest>,
) -> Result<u8, Status> {
    let answer = EchoClient::new(channel.clone()).unary_echo(request).await?;
    Ok(from(&answer.into_inner().message))
}

/// The number of the backend that this answer is from.
pub(crate) fn from(message: &str) -> u8 {
    let number = message.rsplit_once("(from 10.0.0.").expect("it says where it is from").1;
    number.split_once(':').expect("an address has a port").0.parse().expect("it is a number")
}

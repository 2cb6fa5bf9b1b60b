//! A subchannel: one address, at most one connection to it, and its connectivity state.

use std::{
    fmt, io,
    net::SocketAddr,
    panic::resume_unwind,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{
    StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use http::uri::Authority;
use tokio::{
    select,
    sync::Notify,
    task::{JoinError, JoinHandle},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::{
    backoff::Backoff,
    connection::{Connection, Keepalive, Stream, handshake},
};

/// The connectivity states of gRPC (grpc/grpc, `doc/connectivity-semantics-and-api.md`).
#[derive(Clone)]
pub enum State {
    /// There is no connection, and none is wanted.
    Idle,
    /// An attempt to connect has been under way since this time.
    Connecting(Instant),
    /// Calls can be sent on the connection.
    Ready(Connection),
    /// The last attempt failed, and the next one has to wait for the backoff.
    TransientFailure,
    /// The channel has dropped the subchannel.
    Shutdown,
}

impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Idle => "IDLE",
            Self::Connecting(_) => "CONNECTING",
            Self::Ready(_) => "READY",
            Self::TransientFailure => "TRANSIENT_FAILURE",
            Self::Shutdown => "SHUTDOWN",
        })
    }
}

/// Decides whether calls may be sent on an open connection: yields `Ok` when they may, an error
/// when they may not, and again after each change.
pub type Readiness =
    Arc<dyn Fn(Connection) -> BoxStream<'static, Result<(), launcher::Error>> + Send + Sync>;

/// Opens the stream below a connection.
pub(crate) type Connector =
    dyn Fn(SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Stream>>> + Send + Sync;

/// How the subchannels of a channel connect.
pub(crate) struct Options {
    pub(crate) backoff: Backoff,
    pub(crate) connector: Box<Connector>,
    pub(crate) keepalive: Option<Keepalive>,
    /// `None` if every open connection is ready.
    pub(crate) readiness: Option<Readiness>,
    /// The `:authority` of calls, or `None` for the backend's address.
    pub(crate) authority: Option<Authority>,
}

/// What subchannels report to their channel.
#[derive(Default)]
pub(crate) struct News {
    /// A state has changed, or an attempt to connect has become slow.
    pub(crate) changed: Notify,
    /// A connection failed or was lost, so the addresses may be out of date.
    pub(crate) resolve: Notify,
}

/// How long an attempt to connect may take, as in grpc-go.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// After this time, `pick_first` also tries the next address (gRFC A61).
pub(crate) const SLOW: Duration = Duration::from_millis(250);

/// One address of a target.
pub struct Subchannel {
    addr: SocketAddr,
    options: Arc<Options>,
    news: Arc<News>,
    inner: Mutex<Inner>,
    /// Wakes the task.
    wanted: Notify,
}

struct Inner {
    state: State,
    /// The address and the reason of the last failure. `None` after a success.
    failure: Option<String>,
    /// Cancelled when the current attempt, or its connection, is no longer wanted.
    attempt: CancellationToken,
}

impl Subchannel {
    /// An IDLE subchannel. It does nothing unless [`run`](Self::run) runs in a task.
    pub(crate) fn new(addr: SocketAddr, options: Arc<Options>, news: Arc<News>) -> Self {
        let attempt = CancellationToken::new();
        let inner = Mutex::new(Inner { state: State::Idle, failure: None, attempt });
        Self { addr, options, news, inner, wanted: Notify::new() }
    }

    /// Its address.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its current state.
    #[must_use]
    pub fn state(&self) -> State {
        self.lock().state.clone()
    }

    /// Why the last attempt to connect failed, with the address. `None` if it succeeded.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.lock().failure.clone()
    }

    /// Starts an attempt to connect if it is IDLE.
    pub fn connect(&self) {
        let mut inner = self.lock();
        if matches!(inner.state, State::Idle) {
            inner.state = State::Connecting(Instant::now());
            inner.attempt = CancellationToken::new();
            self.wanted.notify_one();
            self.news.changed.notify_one();
        }
    }

    /// Makes it IDLE: ends an attempt to connect or the wait for the next one, or drops the
    /// connection. Calls in flight go on.
    pub fn disconnect(&self) {
        self.end(State::Idle);
    }

    /// Ends it for ever. Calls in flight go on.
    pub(crate) fn shut_down(&self) {
        self.end(State::Shutdown);
        self.wanted.notify_one();
    }

    fn end(&self, state: State) {
        let mut inner = self.lock();
        inner.attempt.cancel();
        (inner.state, inner.failure) = (state, None);
    }

    /// Connects whenever it is asked to, until it is shut down.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut delays: Delays = Box::new(self.options.backoff.delays());
        loop {
            self.wanted.notified().await;
            if matches!(self.state(), State::Shutdown) {
                return;
            }
            let attempt = self.lock().attempt.clone();
            attempt.run_until_cancelled(self.attempt(&attempt, &mut delays)).await;
        }
    }

    /// One attempt to connect. After a success it holds the connection until that is lost, and
    /// after a failure it waits for the backoff.
    async fn attempt(&self, attempt: &CancellationToken, delays: &mut Delays) {
        let backoff = self.options.backoff;
        let started = Instant::now();
        let error = match self.open().await {
            Ok((connection, driver)) => {
                let goaway = self.hold(attempt, &connection, driver).await;
                // A proxy may send GOAWAY every thousand calls, and is connected to again at once.
                // But a backend that accepts connections only to close them has failed, and must
                // not be asked again without a pause.
                if goaway && connection.was_used() || started.elapsed() >= backoff.initial {
                    *delays = Box::new(backoff.delays());
                    self.set(attempt, State::Idle, None);
                    return;
                }
                "the connection was lost as soon as it was open".into()
            }
            Err(error) => error,
        };
        self.fail(attempt, error.as_ref());
        // Counted from the start, because a slow attempt has already waited.
        let delay = delays.next().unwrap_or(backoff.max);
        sleep(delay.saturating_sub(started.elapsed())).await;
        self.set(attempt, State::Idle, self.failure());
    }

    async fn open(&self) -> Result<(Connection, JoinHandle<bool>), launcher::Error> {
        let Options { connector, keepalive, authority, .. } = &*self.options;
        let open = timeout(CONNECT_TIMEOUT, async {
            let stream = connector(self.addr).await?;
            handshake(stream, self.addr, authority.clone(), *keepalive).await
        });
        let mut open = pin!(open);
        let opened = if let Ok(opened) = timeout(SLOW, &mut open).await {
            opened
        } else {
            self.news.changed.notify_one();
            open.await
        };
        opened.map_err(|_| format!("no HTTP/2 handshake within {CONNECT_TIMEOUT:?}"))?
    }

    /// Holds a connection until it takes no more calls. Returns whether the reason was a GOAWAY.
    async fn hold(
        &self,
        attempt: &CancellationToken,
        connection: &Connection,
        mut driver: JoinHandle<bool>,
    ) -> bool {
        let mut readiness = match &self.options.readiness {
            Some(readiness) => readiness(connection.clone()),
            None => stream::once(async { Ok(()) }).boxed(),
        };
        let ended = loop {
            select! {
                ended = &mut driver => break ended,
                Some(ready) = readiness.next() => match ready {
                    Ok(()) => self.set(attempt, State::Ready(connection.clone()), None),
                    Err(error) => self.fail(attempt, error.as_ref()),
                },
            }
        };
        self.news.resolve.notify_one();
        match ended.map_err(JoinError::try_into_panic) {
            Ok(goaway) => goaway,
            // A panic ends this task too, and then the channel.
            Err(Ok(panic)) => resume_unwind(panic),
            // The runtime is shutting down.
            Err(Err(_)) => false,
        }
    }

    fn fail(&self, attempt: &CancellationToken, error: &(dyn std::error::Error + 'static)) {
        let reason = format!("{}: {}", self.addr, launcher::root_cause(error));
        self.set(attempt, State::TransientFailure, Some(reason));
        self.news.resolve.notify_one();
    }

    fn set(&self, attempt: &CancellationToken, state: State, failure: Option<String>) {
        let mut inner = self.lock();
        // `disconnect` wins, even if the attempt succeeds in the same moment.
        if attempt.is_cancelled() {
            return;
        }
        debug!(addr = %self.addr, ?state, failure);
        (inner.state, inner.failure) = (state, failure);
        self.news.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code that holds the lock can panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The delays between attempts.
type Delays = Box<dyn Iterator<Item = Duration> + Send>;

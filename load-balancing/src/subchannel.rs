//! A subchannel: one address, at most one connection to it, and how that stands.

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use tokio::{
    select,
    sync::Notify,
    task::JoinHandle,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::{
    backoff::Backoff,
    connection::{Connection, Connector},
};

/// The connectivity states of gRPC (grpc/grpc, `doc/connectivity-semantics-and-api.md`).
#[derive(Clone)]
pub enum State {
    /// No connection, and none is wanted.
    Idle,
    /// A connection is on its way.
    Connecting,
    /// The connection stands.
    Ready(Connection),
    /// The last attempt failed, and it is not yet time for the next.
    TransientFailure,
    /// The subchannel has been given up, for good.
    Shutdown,
}

/// Says, for a connection that stands, whether calls may be sent on it, and again when that changes.
pub type Readiness =
    Arc<dyn Fn(Connection) -> BoxStream<'static, Result<(), launcher::Error>> + Send + Sync>;

/// A connection is ready as soon as it stands.
pub(crate) fn always() -> Readiness {
    Arc::new(|_| stream::once(async { Ok(()) }).chain(stream::pending()).boxed())
}

/// How subchannels connect.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) backoff: Backoff,
    pub(crate) connect_timeout: Duration,
    pub(crate) connector: Connector,
    pub(crate) readiness: Readiness,
}

/// What subchannels have to tell.
#[derive(Default)]
pub(crate) struct News {
    /// The state of one has changed.
    pub(crate) changed: Notify,
    /// A connection was lost or failed: the addresses may be out of date.
    pub(crate) resolve: Notify,
}

/// A failed attempt.
#[derive(Clone, Debug)]
pub struct Failure {
    /// When it failed.
    pub at: Instant,
    /// The address and the reason.
    pub reason: String,
}

/// One address of a target.
pub struct Subchannel {
    addr: SocketAddr,
    state: Mutex<(State, Option<Failure>)>,
    /// Somebody has asked for a connection.
    wanted: Notify,
    shutdown: CancellationToken,
    news: Arc<News>,
}

impl Subchannel {
    /// A subchannel that is IDLE, and its task, which ends with `shutdown`.
    pub(crate) fn new(
        addr: SocketAddr,
        options: Options,
        news: Arc<News>,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        let state = Mutex::new((State::Idle, None));
        let this = Arc::new(Self { addr, state, wanted: Notify::new(), shutdown, news });
        let task = Arc::clone(&this);
        tokio::spawn(async move {
            task.shutdown.run_until_cancelled(task.run(options)).await;
            task.set(State::Shutdown, None);
        });
        this
    }

    /// Its address.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.lock().0.clone()
    }

    /// Why the last attempt to connect failed; `None` after one that went well.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        self.lock().1.clone()
    }

    /// Asks for a connection, if it is IDLE.
    pub fn connect(&self) {
        let mut state = self.lock();
        if matches!(state.0, State::Idle) {
            state.0 = State::Connecting;
            self.wanted.notify_one();
            self.news.changed.notify_one();
        }
    }

    /// Gives it up. Calls that are in flight go on, and the connection is closed after the last.
    pub(crate) fn shut_down(&self) {
        self.shutdown.cancel();
    }

    async fn run(&self, options: Options) {
        let mut delays = options.backoff.delays();
        loop {
            self.wanted.notified().await;
            let started = Instant::now();
            let opened =
                Connection::open(self.addr, &options.connector, options.connect_timeout).await;
            let error = match opened {
                Ok((connection, driver)) => {
                    self.hold(connection, driver, &options.readiness).await;
                    if started.elapsed() >= options.backoff.initial {
                        delays = options.backoff.delays();
                        self.set(State::Idle, None);
                        continue;
                    }
                    // Who hangs up on everybody is not to be asked without a pause.
                    "the connection was lost as soon as it stood".into()
                }
                Err(error) => error,
            };
            self.fail(error.as_ref());
            // Counted from the start: an attempt that took long to fail has waited already.
            sleep_until(started + delays.next().unwrap_or(options.backoff.max)).await;
            let failure = self.failure();
            self.set(State::Idle, failure);
        }
    }

    /// Holds on to a connection until it takes no more calls.
    async fn hold(
        &self,
        connection: Connection,
        mut driver: JoinHandle<()>,
        readiness: &Readiness,
    ) {
        let mut readiness = readiness(connection.clone());
        loop {
            select! {
                _ = &mut driver => break,
                Some(ready) = readiness.next() => match ready {
                    Ok(()) => self.set(State::Ready(connection.clone()), None),
                    Err(error) => self.fail(error.as_ref()),
                },
            }
        }
        self.news.resolve.notify_one();
    }

    fn fail(&self, error: &(dyn std::error::Error + 'static)) {
        let reason = format!("{}: {}", self.addr, launcher::root_cause(error));
        self.set(State::TransientFailure, Some(Failure { at: Instant::now(), reason }));
        self.news.resolve.notify_one();
    }

    fn set(&self, state: State, failure: Option<Failure>) {
        debug!(addr = %self.addr, ?state, ?failure);
        *self.lock() = (state, failure);
        self.news.changed.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (State, Option<Failure>)> {
        // Nothing in here can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for State {
    /// Writes the states as gRPC does.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Idle => "IDLE",
            Self::Connecting => "CONNECTING",
            Self::Ready(_) => "READY",
            Self::TransientFailure => "TRANSIENT_FAILURE",
            Self::Shutdown => "SHUTDOWN",
        })
    }
}

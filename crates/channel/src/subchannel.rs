//! A subchannel: one address, at most one connection to it, and how that stands.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::StreamExt;
use http::uri::Authority;
use tokio::{
    select,
    sync::Notify,
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::{
    backoff::Backoff,
    connection::Connection,
    handshake::{Connector, open},
    state::{Failure, Readiness, State},
};

/// How subchannels connect.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) backoff: Backoff,
    pub(crate) connect_timeout: Duration,
    pub(crate) connector: Connector,
    pub(crate) readiness: Readiness,
    /// What the calls carry as `:authority`, in place of the backend's address.
    pub(crate) authority: Option<Authority>,
}

/// What subchannels have to tell.
#[derive(Default)]
pub(crate) struct News {
    /// The state of one has changed.
    pub(crate) changed: Notify,
    /// A connection was lost or failed: the addresses may be out of date.
    pub(crate) resolve: Notify,
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
            debug!(addr = %self.addr, state = ?State::Connecting);
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
            let error = match open(self.addr, &options).await {
                Ok((connection, driver)) => {
                    let goaway = self.hold(&connection, driver, &options.readiness).await;
                    // A proxy may say GOAWAY every thousand calls, and is connected to anew at once.
                    // But a backend that takes connections and only closes them has failed: it is
                    // not to be asked again without a pause.
                    if goaway && connection.was_used()
                        || started.elapsed() >= options.backoff.initial
                    {
                        delays = options.backoff.delays();
                        self.set(State::Idle, None);
                        continue;
                    }
                    "the connection was lost as soon as it stood".into()
                }
                Err(error) => error,
            };
            self.fail(error.as_ref());
            // Counted from the start: an attempt that took long to fail has waited already.
            let delay = delays.next().unwrap_or(options.backoff.max);
            sleep(delay.saturating_sub(started.elapsed())).await;
            let failure = self.failure();
            self.set(State::Idle, failure);
        }
    }

    /// Holds on to a connection until it takes no more calls. Returns whether that was by a
    /// GOAWAY.
    async fn hold(
        &self,
        connection: &Connection,
        mut driver: JoinHandle<bool>,
        readiness: &Readiness,
    ) -> bool {
        let mut readiness = readiness(connection.clone());
        let goaway = loop {
            select! {
                ended = &mut driver => break ended.unwrap_or(false),
                Some(ready) = readiness.next() => match ready {
                    Ok(()) => self.set(State::Ready(connection.clone()), None),
                    Err(error) => self.fail(error.as_ref()),
                },
            }
        };
        self.news.resolve.notify_one();
        goaway
    }

    fn fail(&self, error: &(dyn std::error::Error + 'static)) {
        let reason = format!("{}: {}", self.addr, launcher::root_cause(error));
        self.set(State::TransientFailure, Some(Failure { at: Instant::now(), reason }));
        self.news.resolve.notify_one();
    }

    fn set(&self, state: State, failure: Option<Failure>) {
        let reason = failure.as_ref().map(|failure| failure.reason.as_str());
        debug!(addr = %self.addr, ?state, reason);
        *self.lock() = (state, failure);
        self.news.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, (State, Option<Failure>)> {
        // Nothing in here can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

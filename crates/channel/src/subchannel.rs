//! A subchannel: one address, at most one connection to it, and its connectivity state.

use std::{
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{StreamExt, future::BoxFuture, stream::BoxStream};
use http::uri::Authority;
use tokio::{
    runtime::Handle,
    select,
    sync::Notify,
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
    pub(crate) readiness: Readiness,
    /// The `:authority` of calls, or `None` for the backend's address.
    pub(crate) authority: Option<Authority>,
}

/// All subchannels of a channel share this.
pub(crate) struct Shared {
    options: Options,
    runtime: Handle,
    /// Notified when a state has changed, or an attempt to connect has become slow.
    pub(crate) changed: Notify,
    /// Notified when a connection failed or was lost: the addresses may be out of date.
    pub(crate) resolve: Notify,
    /// Cancelled when the channel ends: it was dropped, or one of its tasks has panicked.
    pub(crate) ended: CancellationToken,
}

impl Shared {
    pub(crate) fn new(options: Options) -> Self {
        let (changed, resolve, ended) = <(Notify, Notify, CancellationToken)>::default();
        Self { options, runtime: Handle::current(), changed, resolve, ended }
    }
}

/// How long an attempt to connect may take, as in grpc-go.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// After this time, `pick_first` also tries the next address (gRFC A61).
pub(crate) const SLOW: Duration = Duration::from_millis(250);

/// One address of a target.
pub struct Subchannel {
    addr: SocketAddr,
    shared: Arc<Shared>,
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    /// The address and the reason of the last failure. `None` after a success.
    failure: Option<String>,
    /// How many attempts have failed since the last success.
    failures: u32,
    /// Cancelled when the current attempt, or its connection, is no longer wanted.
    attempt: CancellationToken,
}

impl Subchannel {
    pub(crate) fn new(addr: SocketAddr, shared: Arc<Shared>) -> Self {
        let attempt = CancellationToken::new();
        let inner = Inner { state: State::Idle, failure: None, failures: 0, attempt };
        Self { addr, shared, inner: Mutex::new(inner) }
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
    pub fn connect(self: &Arc<Self>) {
        let mut inner = self.lock();
        if matches!(inner.state, State::Idle) {
            inner.state = State::Connecting(Instant::now());
            inner.attempt = self.shared.ended.child_token();
            self.shared.changed.notify_one();
            let (subchannel, attempt) = (Arc::clone(self), inner.attempt.clone());
            self.shared.runtime.spawn(async move {
                // A panic ends the channel, and its calls fail. Otherwise they would wait for a
                // subchannel that never changes again.
                let panics = subchannel.shared.ended.clone().drop_guard();
                attempt.run_until_cancelled(subchannel.attempt(&attempt)).await;
                panics.disarm();
            });
        }
    }

    /// Makes it IDLE: ends an attempt to connect or the wait for the next one, or drops the
    /// connection. Calls in flight go on.
    pub fn disconnect(&self) {
        self.end(State::Idle);
    }

    /// Ends the current attempt or drops the connection. SHUTDOWN is for ever.
    pub(crate) fn end(&self, state: State) {
        let mut inner = self.lock();
        inner.attempt.cancel();
        (inner.state, inner.failure) = (state, None);
    }

    /// One attempt to connect. After a success it holds the connection until that is lost, and
    /// after a failure it waits for the backoff.
    async fn attempt(&self, attempt: &CancellationToken) {
        let options = &self.shared.options;
        let started = Instant::now();
        let mut open = pin!(timeout(CONNECT_TIMEOUT, async {
            let stream = (options.connector)(self.addr).await?;
            handshake(stream, self.addr, options.authority.clone(), options.keepalive).await
        }));
        let opened = if let Ok(opened) = timeout(SLOW, &mut open).await {
            opened
        } else {
            self.shared.changed.notify_one();
            open.await
        };
        let error = match opened {
            Ok(Ok((connection, mut driver))) => {
                let mut ready = (options.readiness)(connection.clone());
                let goaway = loop {
                    select! {
                        // An error is a panic in hyper. For the channel, the connection is lost.
                        ended = &mut driver => break ended.unwrap_or(false),
                        Some(ready) = ready.next() => match ready {
                            Ok(()) => {
                                debug!(addr = %self.addr, "READY");
                                self.set(attempt, State::Ready(connection.clone()), None);
                            }
                            Err(error) => self.fail(attempt, &error),
                        },
                    }
                };
                self.shared.resolve.notify_one();
                // A proxy may send GOAWAY every thousand calls, and is connected to again at once.
                // But a backend that accepts connections only to close them has failed, and must
                // not be asked again without a pause.
                let used = connection.used().get().is_some();
                if goaway && used || started.elapsed() >= options.backoff.initial {
                    debug!(addr = %self.addr, goaway, "IDLE");
                    self.lock().failures = 0;
                    return self.set(attempt, State::Idle, None);
                }
                "the server closed the connection without serving a call".into()
            }
            Ok(Err(error)) => error,
            Err(_) => format!("no HTTP/2 handshake within {CONNECT_TIMEOUT:?}").into(),
        };
        self.fail(attempt, &error);
        let failures = self.lock().failures;
        self.lock().failures = failures.saturating_add(1);
        // Counted from the start, because a slow attempt has already waited.
        sleep(options.backoff.delay(failures).saturating_sub(started.elapsed())).await;
        self.set(attempt, State::Idle, self.failure());
    }

    fn fail(&self, attempt: &CancellationToken, error: &launcher::Error) {
        let reason = format!("{}: {}", self.addr, launcher::root_cause(&**error));
        debug!(reason, "TRANSIENT_FAILURE");
        self.set(attempt, State::TransientFailure, Some(reason));
        self.shared.resolve.notify_one();
    }

    fn set(&self, attempt: &CancellationToken, state: State, failure: Option<String>) {
        let mut inner = self.lock();
        // `disconnect` wins, even if the attempt succeeds in the same moment.
        if !attempt.is_cancelled() {
            (inner.state, inner.failure) = (state, failure);
            self.shared.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code that holds the lock can panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

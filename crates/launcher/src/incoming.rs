//! Accepting connections, and closing those that would hold up the server or its shutdown.
//!
//! Every server here uses [`incoming`] instead of tonic's `TcpIncoming`. It sets TCP_NODELAY, pauses
//! after an accept error, closes a connection that sends no HTTP/2 preface within 10 s, and drains
//! calls instead of connections.
//!
//! When a tonic server shuts down, it sends GOAWAY and a PING on each connection, and waits until the
//! client has answered the PING and the last call has ended. A client that has vanished never
//! answers, and a peer that has sent no preface does not even get the GOAWAY. So a [`Connection`]
//! closes itself if its peer sends nothing for a second of the shutdown.
//!
//! To know which calls are in flight, a [`Connection`] reads the nine bytes in front of each HTTP/2
//! frame that passes. This works for any server on top of it, tonic's or another.

use std::{
    collections::HashSet,
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicUsize,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::{Instant, Sleep, sleep},
};
use tokio_stream::Stream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::frames::{DATA, END_STREAM, Frames, GOAWAY, HEADERS, RST_STREAM};

/// How long the server waits after an accept error before it accepts again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a new connection may take to send the HTTP/2 preface.
const PREFACE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a peer may take to react to the GOAWAY of a server that shuts down.
const GOAWAY_TIMEOUT: Duration = Duration::from_secs(1);

tokio::task_local! {
    /// How many calls are in flight on all connections of the server that runs in this task. The
    /// launcher sets it around an example's `serve`, and [`incoming`] finds it.
    pub(crate) static CALLS_IN_FLIGHT: Arc<AtomicUsize>;
}

/// The connections that clients open to `listener`. Pass it to tonic's
/// `serve_with_incoming_shutdown`.
///
/// Dropping it starts the shutdown of the connections that it has accepted; tonic does that as
/// soon as its `shutdown` future ends.
#[must_use]
pub fn incoming(listener: TcpListener) -> Incoming {
    // Without the launcher, as in a test, the number is not used.
    let in_flight = CALLS_IN_FLIGHT.try_with(Arc::clone).unwrap_or_default();
    Incoming { listener, pause: None, in_flight, shutdown: Arc::default() }
}

/// A stream of accepted connections. It never ends and never yields an error.
#[derive(Debug)]
pub struct Incoming {
    listener: TcpListener,
    /// Set after an accept error.
    pause: Option<Pin<Box<Sleep>>>,
    in_flight: Arc<AtomicUsize>,
    shutdown: Arc<Shutdown>,
}

/// Reports to the connections that the server shuts down.
#[derive(Debug, Default)]
struct Shutdown {
    /// Each connection reads this whenever it is polled, because reading it costs next to nothing.
    started: AtomicBool,
    /// Wakes a connection that is waiting for its peer.
    signal: CancellationToken,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.shutdown.started.store(true, Release);
        self.shutdown.signal.cancel();
    }
}

impl Stream for Incoming {
    type Item = io::Result<Connection>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            match ready!(self.listener.poll_accept(context)) {
                Ok((stream, _)) => {
                    // Without TCP_NODELAY the system may hold back a small packet until the last
                    // one is acknowledged, which can delay a response by 40 ms. Go and Java set it
                    // by default. An error means that the client has already gone.
                    let _ = stream.set_nodelay(true);
                    let connection = Connection::new(stream, &self);
                    return Poll::Ready(Some(Ok(connection)));
                }
                Err(error) => {
                    // The usual error is "too many open files". It lasts until a connection is
                    // closed, and accepting again at once would keep a core busy until then.
                    tracing::warn!(%error, "cannot accept a connection; pausing {ACCEPT_PAUSE:?}");
                    self.pause = Some(Box::pin(sleep(ACCEPT_PAUSE)));
                }
            }
        }
    }
}

/// An accepted connection, which closes itself as described at the top of this file.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    requests: Frames,
    responses: Frames,
    calls: Calls,
    phase: Phase,
    timer: Pin<Box<Sleep>>,
    /// Whether the server has sent GOAWAY. A proxy sends none.
    goaway: bool,
    shutdown: Arc<Shutdown>,
    signal: Pin<Box<WaitForCancellationFutureOwned>>,
    /// The task that `signal` is going to wake.
    waker: Option<Waker>,
}

/// The phases in the life of a [`Connection`].
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// The preface is incomplete. The timer closes the connection.
    Preface,
    /// Calls may come and go, and the connection may be idle for as long as it likes.
    Open,
    /// The server shuts down, and the peer has not reacted yet. The timer closes the connection.
    Goaway,
    /// The peer has reacted. The calls in flight may finish.
    Draining,
    /// The server has nothing more to send. The timer ends the wait for the client.
    Closing,
}

impl Connection {
    fn new(stream: TcpStream, incoming: &Incoming) -> Self {
        let shutdown = Arc::clone(&incoming.shutdown);
        Self {
            stream,
            requests: Frames::of_client(),
            responses: Frames::default(),
            calls: Calls { open: HashSet::new(), in_flight: Arc::clone(&incoming.in_flight) },
            phase: Phase::Preface,
            timer: Box::pin(sleep(PREFACE_TIMEOUT)),
            goaway: false,
            signal: Box::pin(shutdown.signal.clone().cancelled_owned()),
            shutdown,
            waker: None,
        }
    }

    /// Fails if it is time to close the connection, and otherwise arranges to be polled when it
    /// is. Reading and writing both check this: HTTP/2 stops reading while it cannot write.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let close = |why| Err(io::Error::new(io::ErrorKind::TimedOut, why));
        if self.shutdown_has_started(context) {
            match self.phase {
                Phase::Preface => return close("shutting down without an HTTP/2 preface"),
                Phase::Open => {
                    self.phase = Phase::Goaway;
                    self.timer.as_mut().reset(Instant::now() + GOAWAY_TIMEOUT);
                }
                Phase::Goaway | Phase::Draining | Phase::Closing => {}
            }
        }
        let waiting = matches!(self.phase, Phase::Preface | Phase::Goaway);
        let late = waiting && self.timer.as_mut().poll(context).is_ready();
        // `Calls` sees the header of a call's last frame, and its payload may still be on the way.
        let calls = !self.calls.open.is_empty() || self.responses.payload > 0;
        match self.phase {
            Phase::Preface if late => return close("no HTTP/2 preface in time"),
            Phase::Goaway if late && (self.goaway || !calls) => {
                return close("shutting down, and the peer does not react");
            }
            Phase::Goaway if late => self.phase = Phase::Draining,
            // After a GOAWAY, HTTP/2 itself closes the connection when the last call has ended.
            Phase::Draining if !self.goaway && !calls => {
                return close("shutting down, and the last call has ended");
            }
            _ => {}
        }
        Ok(())
    }

    fn shutdown_has_started(&mut self, context: &mut Context<'_>) -> bool {
        let known = |waker: &Waker| waker.will_wake(context.waker());
        if !self.shutdown.started.load(Acquire) && !self.waker.as_ref().is_some_and(known) {
            // Polling the signal takes a lock that all connections share. So it is not done for
            // each read and write, but once for the task that reads and writes.
            self.waker = Some(context.waker().clone());
            let _ = self.signal.as_mut().poll(context);
        }
        self.shutdown.started.load(Acquire)
    }

    fn has_read(&mut self, bytes: &[u8]) {
        self.requests.walk(bytes, |frame| match frame.kind {
            HEADERS => self.calls.start(frame.stream),
            RST_STREAM => self.calls.end(frame.stream),
            _ => {}
        });
        match self.phase {
            Phase::Preface if self.requests.preface_is_complete() => self.phase = Phase::Open,
            // The GOAWAY comes with a PING, so a peer that is alive sends something at once.
            Phase::Goaway if self.goaway && !bytes.is_empty() => self.phase = Phase::Draining,
            _ => {}
        }
    }
}

/// The calls of one connection that are in flight.
#[derive(Debug)]
struct Calls {
    /// The ids of their HTTP/2 streams.
    open: HashSet<u32>,
    /// Counts them, and those of the server's other connections.
    in_flight: Arc<AtomicUsize>,
}

impl Calls {
    fn start(&mut self, stream: u32) {
        // Later HEADERS of the same stream are trailers.
        if self.open.insert(stream) {
            self.in_flight.fetch_add(1, Relaxed);
        }
    }

    fn end(&mut self, stream: u32) {
        if self.open.remove(&stream) {
            self.in_flight.fetch_sub(1, Relaxed);
        }
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(self.open.len(), Relaxed);
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.has_read(buffer.filled().split_at(before).1);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, slices))?;
        let this = &mut *self;
        let mut left = written;
        for slice in slices {
            let length = left.min(slice.len());
            left -= length;
            this.responses.walk(slice.split_at(length).0, |frame| match frame.kind {
                DATA | HEADERS if frame.flags & END_STREAM == 0 => {}
                DATA | HEADERS | RST_STREAM => this.calls.end(frame.stream),
                GOAWAY => this.goaway = true,
                _ => {}
            });
        }
        if this.phase == Phase::Draining && !this.goaway && this.calls.open.is_empty() {
            // This was the end of the last call. `check` closes the connection when it is polled.
            context.waker().wake_by_ref();
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.phase != Phase::Closing {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            this.phase = Phase::Closing;
            this.timer.as_mut().reset(Instant::now() + GOAWAY_TIMEOUT);
        }
        // Closing a socket with unread bytes resets the connection, and then the client may lose the
        // last responses. So this reads on, until the client closes the connection too.
        while this.timer.as_mut().poll(context).is_pending() {
            let mut unread = [0; 1024];
            let mut buffer = ReadBuf::new(&mut unread);
            let read = ready!(Pin::new(&mut this.stream).poll_read(context, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Lets a handler ask for the client's address with `Request::remote_addr`.
impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

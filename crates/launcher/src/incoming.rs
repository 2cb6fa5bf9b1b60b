//! Accepting connections, and closing those that would hold up the server or its shutdown.
//!
//! Unlike tonic's `TcpIncoming`, [`incoming`] pauses after an accept error, closes a connection that sends
//! no HTTP/2 preface within 10 s, and drains calls instead of connections.
//!
//! When a tonic server shuts down, it sends GOAWAY and a PING on each connection, and waits until the
//! client has answered the PING and the last call has ended. A client that has vanished never
//! answers, and a peer that has sent no preface does not even get the GOAWAY. So a [`Connection`]
//! closes itself if its peer sends nothing for a second of the shutdown. `sides.rs` limits the rest.
//!
//! To count the calls in flight, a [`Connection`] reads the nine bytes in front of each HTTP/2 frame.

use std::{
    collections::HashSet,
    future::ready,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use futures_util::stream::{self, Stream, StreamExt as _};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{Instant, Sleep, sleep, sleep_until, timeout_at},
};
use tonic::transport::server::Connected;

use crate::{
    frames::{DATA, END_STREAM, Frames, GOAWAY, HEADERS, RST_STREAM},
    transcript,
};

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
/// `serve_with_incoming_shutdown`. It never ends and never yields an error.
///
/// Dropping it starts the shutdown of the connections that it has accepted; tonic does that as
/// soon as its `shutdown` future ends.
pub fn incoming(listener: TcpListener) -> impl Stream<Item = io::Result<Connection>> + Unpin {
    incoming_with(listener, |stream| ready(Ok(stream)))
}

/// Like [`incoming`], with a handshake between a client's connection and HTTP/2: TLS, for example.
///
/// Handshakes run at the same time. A client has 10 s for its handshake and the preface together. If the
/// handshake fails, the transcript shows the reason. A shutdown drops unfinished handshakes.
pub fn incoming_with<S, F>(
    listener: TcpListener,
    handshake: impl Fn(TcpStream) -> F,
) -> impl Stream<Item = io::Result<Connection<S>>> + Unpin
where
    F: Future<Output = io::Result<S>>,
{
    // Without the launcher, as in a test, the number is not used.
    let in_flight = CALLS_IN_FLIGHT.try_with(Arc::clone).unwrap_or_default();
    // Dropping `server` starts the shutdown of the connections.
    let (server, _) = watch::channel(());
    let sockets = stream::unfold(listener, |listener| async {
        Some((accept(&listener).await, listener))
    });
    let handshakes = sockets.map(move |(socket, peer)| {
        let deadline = Instant::now() + PREFACE_TIMEOUT;
        let handshake = timeout_at(deadline, handshake(socket));
        async move {
            let late = |_| Err(io::Error::other("the handshake took too long"));
            let result = handshake.await.unwrap_or_else(late);
            if let Err(error) = &result {
                transcript!(server, "rejected a connection from {peer}: {error}");
            }
            result.ok().map(|stream| (stream, deadline))
        }
    });
    // `MAX`, because the number of open files already limits the number of handshakes.
    Box::pin(handshakes.buffer_unordered(usize::MAX).filter_map(move |accepted| {
        ready(accepted.map(|(stream, deadline)| {
            Ok(Connection::new(stream, deadline, server.subscribe(), Arc::clone(&in_flight)))
        }))
    }))
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Without TCP_NODELAY the system may hold back a small packet until the last one is
                // acknowledged, which can delay a response by 40 ms. Go and Java set it by default.
                // An error means that the client has already gone.
                let _ = stream.set_nodelay(true);
                return (stream, peer);
            }
            Err(error) => {
                // Usually "too many open files". Accepting again at once would keep a core busy.
                tracing::warn!(%error, "cannot accept a connection; pausing {ACCEPT_PAUSE:?}");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// An accepted connection, which closes itself as described at the top of this file.
pub struct Connection<S = TcpStream> {
    stream: S,
    requests: Frames,
    responses: Frames,
    calls: Calls,
    phase: Phase,
    timer: Pin<Box<Sleep>>,
    /// Whether the server has sent GOAWAY. A proxy sends none.
    goaway: bool,
    /// Whether this has let more calls gather since the last write.
    yielded: bool,
    /// Closed when the server shuts down.
    server: watch::Receiver<()>,
    /// Ends when the server shuts down.
    shutdown: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// The task that `shutdown` is going to wake.
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
    /// The server has nothing more to send, and closes its direction. The timer ends this.
    Closing,
    /// It is closed. The same timer ends the wait for the client.
    Lingering,
}

impl<S> Connection<S> {
    fn new(
        stream: S,
        deadline: Instant,
        server: watch::Receiver<()>,
        in_flight: Arc<AtomicUsize>,
    ) -> Self {
        let mut shutdown = server.clone();
        Self {
            stream,
            requests: Frames::of_client(),
            responses: Frames::default(),
            calls: Calls { open: HashSet::new(), written: Vec::new(), in_flight },
            phase: Phase::Preface,
            timer: Box::pin(sleep_until(deadline)),
            goaway: false,
            yielded: false,
            server,
            shutdown: Box::pin(async move {
                let _ = shutdown.changed().await;
            }),
            waker: None,
        }
    }

    /// Fails if it is time to close the connection, and otherwise arranges to be polled when it
    /// is. Reading, writing and flushing check this: HTTP/2 stops reading while it cannot write.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let shutdown = self.shutdown_has_started(context);
        if shutdown && self.phase == Phase::Open {
            self.phase = Phase::Goaway;
            self.timer.as_mut().reset(Instant::now() + GOAWAY_TIMEOUT);
        }
        let waiting = matches!(self.phase, Phase::Preface | Phase::Goaway);
        let late = waiting && self.timer.as_mut().poll(context).is_ready();
        let calls = !self.calls.open.is_empty();
        if late && self.phase == Phase::Goaway && calls && !self.goaway {
            self.phase = Phase::Draining;
        }
        let reason = match self.phase {
            Phase::Preface if shutdown => "shutting down without an HTTP/2 preface",
            Phase::Preface if late => "no HTTP/2 preface in time",
            Phase::Goaway if late => {
                // The launcher reports the calls that are still counted at the end.
                self.calls.open.clear();
                "shutting down, and the peer does not react"
            }
            // After a GOAWAY, HTTP/2 itself closes the connection when the last call has ended.
            Phase::Draining if !self.goaway && !calls => "the last call has ended",
            _ => return Ok(()),
        };
        Err(io::Error::new(io::ErrorKind::TimedOut, reason))
    }

    fn shutdown_has_started(&mut self, context: &mut Context<'_>) -> bool {
        // This only reads an atomic number. Polling `shutdown` takes a lock that connections share.
        // So it is not polled for each read and write, but once for the task that reads and writes.
        let started = self.server.has_changed().is_err();
        let known = |waker: &Waker| waker.will_wake(context.waker());
        if started || self.waker.as_ref().is_some_and(known) {
            return started;
        }
        self.waker = Some(context.waker().clone());
        self.shutdown.as_mut().poll(context).is_ready()
    }

    fn has_read(&mut self, bytes: &[u8]) {
        self.requests.walk(bytes, |kind, _, stream| match kind {
            HEADERS => self.calls.start(stream),
            RST_STREAM => self.calls.end(stream),
            _ => {}
        });
        match self.phase {
            Phase::Preface if self.requests.preface.is_empty() => self.phase = Phase::Open,
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
    /// Those whose last frame was written. It may still be in a buffer, of TLS for example.
    written: Vec<u32>,
    /// Counts them, and those of the server's other connections.
    in_flight: Arc<AtomicUsize>,
}

impl Calls {
    fn start(&mut self, stream: u32) {
        // Later HEADERS of the same stream are trailers.
        self.in_flight.fetch_add(self.open.insert(stream).into(), Relaxed);
    }

    fn end(&mut self, stream: u32) {
        self.in_flight.fetch_sub(self.open.remove(&stream).into(), Relaxed);
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(self.open.len(), Relaxed);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
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

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<S> {
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
        // A second slice is a large frame. `h2` would add no others to it.
        self.yielded = !self.yielded && slices.len() == 1 && self.calls.open.len() > 1;
        if self.yielded {
            // Calls that are ready usually take their turns first. Then one system call writes for all.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, slices))?;
        let this = &mut *self;
        let mut left = written;
        for slice in slices {
            let length = left.min(slice.len());
            left -= length;
            this.responses.walk(slice.split_at(length).0, |kind, flags, stream| match kind {
                DATA | HEADERS if flags & END_STREAM == 0 => {}
                DATA | HEADERS | RST_STREAM => this.calls.written.push(stream),
                GOAWAY => this.goaway = true,
                _ => {}
            });
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        // `written` has the calls whose last header was written. Its payload may be incomplete.
        while self.responses.payload == 0
            && let Some(stream) = self.calls.written.pop()
        {
            self.calls.end(stream);
        }
        if self.phase == Phase::Draining && !self.goaway && self.calls.open.is_empty() {
            // This was the end of the last call. `check` closes the connection when it is polled.
            context.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !matches!(this.phase, Phase::Closing | Phase::Lingering) {
            this.phase = Phase::Closing;
            this.timer.as_mut().reset(Instant::now() + GOAWAY_TIMEOUT);
        }
        while this.timer.as_mut().poll(context).is_pending() {
            if this.phase == Phase::Closing {
                ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
                this.phase = Phase::Lingering;
            }
            // Closing a socket with unread bytes resets the connection, and then the client may lose
            // the last responses. So this reads on, until the client closes the connection too.
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

/// Lets a handler ask for the client's address with `Request::remote_addr`, and with TLS for its
/// certificates with `Request::peer_certs`.
impl<S: Connected> Connected for Connection<S> {
    type ConnectInfo = S::ConnectInfo;

    fn connect_info(&self) -> S::ConnectInfo {
        self.stream.connect_info()
    }
}

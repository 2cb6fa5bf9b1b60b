//! An HTTP/2 connection to one backend: how it is opened, and how calls are sent on it.

use std::{
    io::{self, IoSlice},
    mem,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use futures::future::BoxFuture;
use http::{
    Request, Response, Uri,
    uri::{Authority, Scheme},
};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    pin, select,
    sync::oneshot,
    task::JoinHandle,
    time::interval,
};
use tonic::{Status, body::Body};
use tower::Service;

use crate::{
    deadline::Deadline,
    response::{ResponseBody, lost, not_grpc},
};

/// A stream of bytes in both directions, such as a TCP or TLS connection.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects by TCP.
pub(crate) async fn tcp(addr: SocketAddr) -> io::Result<Box<dyn Stream>> {
    let stream = TcpStream::connect(addr).await?;
    // Otherwise the system may hold back a small packet until the last one is acknowledged, which
    // can delay a call by 40 ms.
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}

/// HTTP/2 keepalive: finds out that a backend hangs or that the network drops all packets.
///
/// While a call is in flight and nothing has arrived for `interval`, the client sends a PING. If
/// there is no answer within `timeout`, the connection is closed and its calls end with
/// UNAVAILABLE. Without keepalive they would wait until their deadlines.
///
/// By default, servers of grpc-go and grpc-java close a connection with more than one PING in 5
/// minutes.
#[derive(Clone, Copy, Debug)]
pub struct Keepalive {
    /// How long nothing arrives before a PING is sent.
    pub interval: Duration,
    /// How long the answer may take.
    pub timeout: Duration,
}

/// How many bytes of a response may arrive before its caller reads them. The memory for unread
/// responses is at most this times the number of calls, plus what `h2` needs for each frame.
const STREAM_WINDOW: u32 = 64 * 1024;

/// The same for all calls of a connection: the largest window that HTTP/2 allows, so that a slow
/// caller never stops the others.
///
/// `h2` closes a connection when (256 bytes - length), summed over the unread DATA frames that are
/// shorter than that, exceeds half of this window. A full stream window of the smallest gRPC
/// messages (5 bytes) makes 3.1 MiB. So 325 callers may be slow, more than most servers allow.
const CONNECTION_WINDOW: u32 = (1 << 31) - 1;

/// Where a frame's type is: after three bytes of length (RFC 9113, section 4.1).
const FRAME_TYPE: usize = 3;

/// The type of the first frame that a server sends (RFC 9113, section 3.4).
const SETTINGS: u8 = 4;

/// The stream below HTTP/2.
struct Wire<S> {
    stream: S,
    /// Receives the type of the first frame.
    first: Option<oneshot::Sender<u8>>,
    /// How many bytes arrive before it.
    before: usize,
}

impl<S: Stream> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let bytes = buffer.filled().split_at(filled).1;
        if self.first.is_some() {
            match bytes.get(self.before) {
                // An error means that the caller has stopped waiting.
                Some(kind) => drop(self.first.take().map(|first| first.send(*kind))),
                None => self.before -= bytes.len(),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Stream> AsyncWrite for Wire<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    /// Ignores errors, because `h2` ends the connection at the first error of a write. A backend that
    /// drains closes the connection after its last response. If a call is written at that moment,
    /// the write fails while the response and the GOAWAY wait to be read. Without the response an
    /// answered call is lost, and without the GOAWAY nobody knows that the new call may be repeated.
    /// Reading gets both, and then ends the connection.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, slices));
        Poll::Ready(written.or_else(|_| Ok(slices.iter().map(|slice| slice.len()).sum())))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Ignores errors, as above.
        Pin::new(&mut self.stream).poll_flush(context).map(|_| Ok(()))
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Starts HTTP/2 on `stream`, which is connected to `addr`, and waits for the server's SETTINGS
/// frame. Calls carry `authority`, or `addr` if it is `None`.
///
/// An open socket says little: the system also connects sockets to a process that hangs. The
/// SETTINGS frame shows that a server is running and speaks HTTP/2.
///
/// The second result is the task that drives the connection. It ends when the connection takes no
/// more calls, and returns whether the server has sent GOAWAY.
pub async fn handshake(
    stream: impl Stream + 'static,
    addr: SocketAddr,
    authority: Option<Authority>,
    keepalive: Option<Keepalive>,
) -> Result<(Connection, JoinHandle<bool>), launcher::Error> {
    let (first, first_type) = oneshot::channel();
    let stream = Wire { stream, first: Some(first), before: FRAME_TYPE };
    let mut http2 = http2::Builder::new(TokioExecutor::new());
    http2
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    if let Some(Keepalive { interval, timeout }) = keepalive {
        http2.keep_alive_interval(interval).keep_alive_timeout(timeout);
    }
    let (requests, connection) = http2.handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(async {
        pin!(connection);
        // hyper notices a GOAWAY only when it is polled. While a long stream is the only call,
        // nothing polls it, and the server would wait for this client.
        let mut poll = interval(Duration::from_secs(1));
        loop {
            select! {
                ended = &mut connection => return ended.is_ok(),
                _ = poll.tick() => {}
            }
        }
    });
    match first_type.await {
        Ok(SETTINGS) => {}
        Ok(_) => return Err("the server does not speak HTTP/2".into()),
        Err(_) => return Err("the server closed the connection".into()),
    }
    let authority = authority.map_or_else(|| addr.to_string().parse(), Ok)?;
    let (calls, used) = (Arc::new(()), AtomicBool::new(false));
    Ok((Connection(Arc::new(Inner { addr, authority, requests, calls, used })), driver))
}

/// An HTTP/2 connection to a backend. Clones are the same connection. It is closed when they are
/// dropped and the last call on it has ended.
#[derive(Clone)]
pub struct Connection(Arc<Inner>);

struct Inner {
    addr: SocketAddr,
    authority: Authority,
    requests: SendRequest<Body>,
    /// Each call holds a clone, so the number of clones is the number of calls.
    calls: Arc<()>,
    /// Whether the channel has sent a call on it.
    used: AtomicBool,
}

/// Why a call has no response.
pub(crate) enum Failed {
    /// Nothing of it was sent. This is the request, which can go to another connection.
    Unsent(Box<Request<Body>>),
    /// It ended with this status. The backend may have processed it.
    Lost(Status),
}

impl Connection {
    /// The backend's address.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.0.addr
    }

    /// How many calls are in flight on it.
    #[must_use]
    pub fn calls(&self) -> usize {
        Arc::strong_count(&self.0.calls) - 1
    }

    /// Records that the channel uses it for a call, and not only a health check.
    pub(crate) fn mark_used(&self) {
        // Most calls find it set. Reading does not take the cache line from other threads.
        if !self.0.used.load(Relaxed) {
            self.0.used.store(true, Relaxed);
        }
    }

    /// Whether the channel has used it for a call.
    pub(crate) fn was_used(&self) -> bool {
        self.0.used.load(Relaxed)
    }

    /// Sends a call, and returns when the headers of the response have arrived.
    pub(crate) async fn send(
        &self,
        mut request: Request<Body>,
        deadline: Deadline,
    ) -> Result<Response<ResponseBody>, Failed> {
        let Inner { addr, authority, requests, calls, .. } = &*self.0;
        // A generated client fills in only the path.
        let mut uri = mem::take(request.uri_mut()).into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(authority.clone());
        *request.uri_mut() = Uri::from_parts(uri).map_err(|error| {
            Failed::Lost(Status::internal(format!("invalid path of a call: {error}")))
        })?;

        let call = Arc::clone(calls);
        match requests.clone().try_send_request(request).await {
            Ok(response) => match not_grpc(*addr, &response) {
                Some(status) => Err(Failed::Lost(status)),
                None => Ok(response.map(|body| ResponseBody::new(body, *addr, call, deadline))),
            },
            Err(mut error) => match error.take_message() {
                Some(request) => Err(Failed::Unsent(Box::new(request))),
                None => Err(Failed::Lost(lost(*addr, error.into_error()))),
            },
        }
    }
}

/// A generated client can use a connection directly, to call exactly this backend.
impl Service<Request<Body>> for Connection {
    type Response = Response<ResponseBody>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let connection = self.clone();
        Box::pin(async move {
            let deadline = Deadline::of(request.headers());
            let sent = deadline.limit(connection.send(request, deadline)).await?;
            sent.map_err(|failed| match failed {
                Failed::Lost(status) => status,
                Failed::Unsent(_) => Status::unavailable("the connection is closed"),
            })
        })
    }
}

//! An HTTP/2 connection to one backend: how it is opened, and how calls are sent on it.

use std::io::{self, IoSlice};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll, ready};
use std::{mem, net::SocketAddr, pin::Pin, time::Duration};

use futures::future::BoxFuture;
use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::{net::TcpStream, sync::oneshot, task::JoinHandle, time::timeout};
use tonic::{Status, body::Body};
use tower::Service;

use crate::deadline::Deadline;
use crate::response::{ResponseBody, check, lost};

/// A stream of bytes in both directions, such as a TCP or TLS connection.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects by TCP.
pub(crate) async fn tcp(addr: SocketAddr) -> io::Result<Box<dyn Stream>> {
    let stream = TcpStream::connect(addr).await?;
    // Otherwise the system may hold back a small packet, which can delay a call by 40 ms.
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}

/// HTTP/2 keepalive: detects that a backend hangs or that the network drops all packets. While a
/// call is in flight, a missing answer to a PING closes the connection, and its calls end with
/// UNAVAILABLE. Without keepalive they would wait until their deadlines. By default, servers of
/// grpc-go and grpc-java close a connection with more than one PING in 5 minutes.
#[derive(Clone, Copy, Debug)]
pub struct Keepalive {
    /// How long nothing arrives before a PING is sent.
    pub interval: Duration,
    /// How long the answer may take.
    pub timeout: Duration,
}

/// How many bytes of a response may arrive before its caller reads them. The memory for unread
/// responses is at most this times the number of calls, plus the overhead of `h2` for each frame.
const STREAM_WINDOW: u32 = 64 * 1024;

/// The same for all calls of a connection: the largest window that HTTP/2 allows, so that a slow
/// caller never stops the others. 325 callers may be slow before `h2` closes the connection, and most
/// servers do not allow as many (`crates/launcher/src/transport.rs` explains why it does).
const CONNECTION_WINDOW: u32 = (1 << 31) - 1;

/// The type of the first frame that a server sends (RFC 9113, section 3.4).
const SETTINGS: u8 = 4;

/// The stream below HTTP/2.
struct Wire<S> {
    stream: S,
    /// Receives the type of the first frame, or why it cannot be read.
    first: Option<oneshot::Sender<Result<u8, String>>>,
    /// How many bytes arrive before it. A frame starts with its length (RFC 9113, section 4.1).
    before: usize,
    /// The calls of the [`Connection`].
    calls: Weak<()>,
    /// Whether this has let more calls gather since the last write.
    yielded: bool,
}

impl<S: Stream> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled = buffer.filled().len();
        if let Err(error) = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer)) {
            drop(self.first.take().map(|first| first.send(Err(error.to_string()))));
            return Poll::Ready(Err(error));
        }
        let bytes = buffer.filled().split_at(filled).1;
        match bytes.get(self.before) {
            // An error means that the caller has stopped waiting.
            Some(kind) => drop(self.first.take().map(|first| first.send(Ok(*kind)))),
            None => self.before -= bytes.len(),
        }
        Poll::Ready(Ok(()))
    }
}

/// Ignores errors, because `h2` ends the connection at the first failed write. A backend that
/// drains closes the connection after its last response. Writing a call at that moment fails, while
/// the response and the GOAWAY wait to be read. Without them, an answered call is lost, and the
/// client does not know that the new call may be repeated. Reading gets both, and then the end.
impl<S: Stream> AsyncWrite for Wire<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // If there are more calls, their callers take turns first. Then one system call writes for all.
        // (A second slice is a large frame, to which `h2` adds no others. The connection holds one clone.)
        self.yielded = !self.yielded && slices.len() == 1 && self.calls.strong_count() > 2;
        if self.yielded {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices));
        Poll::Ready(written.or_else(|_| Ok(slices.iter().map(|slice| slice.len()).sum())))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx).map(|_| Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Starts HTTP/2 on `stream`, which is connected to `addr`, and waits for the server's SETTINGS
/// frame. Calls carry `authority`, or `addr` if it is `None`.
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
    let (first, calls) = (Some(first), Arc::new(()));
    let stream =
        Wire { stream, first, before: 3, calls: Arc::downgrade(&calls), yielded: false };
    let mut http2 = http2::Builder::new(TokioExecutor::new());
    http2
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    if let Some(keepalive) = keepalive {
        http2.keep_alive_interval(keepalive.interval).keep_alive_timeout(keepalive.timeout);
    }
    let (requests, mut connection) = http2.handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(async move {
        loop {
            // hyper notices a GOAWAY only when it is polled. While a long stream is the only call,
            // nothing else polls it, and the server would wait for this client.
            if let Ok(ended) = timeout(Duration::from_secs(1), &mut connection).await {
                return ended.is_ok();
            }
        }
    });
    // An open socket says little: the system also connects sockets to a process that hangs.
    match first_type.await {
        Ok(Ok(SETTINGS)) => {}
        // With TLS 1.3, this is how a server rejects the client's certificate.
        Ok(Err(error)) => return Err(error.into()),
        Ok(_) => return Err("the server does not speak HTTP/2".into()),
        Err(_) => return Err("the server closed the connection".into()),
    }
    let authority = authority.map_or_else(|| addr.to_string().parse(), Ok)?;
    let used = OnceLock::new();
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
    used: OnceLock<()>,
}

/// A response whose headers have arrived, or the status of a call that failed.
pub(crate) type Outcome = Result<Response<ResponseBody>, Status>;

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

    /// Set when the channel sends a call on it, and not only a health check.
    pub(crate) fn used(&self) -> &OnceLock<()> {
        &self.0.used
    }

    /// Sends a call, and returns when the headers of the response have arrived. An error returns
    /// the request: nothing of it was sent, so it can go to another connection.
    pub(crate) async fn send(
        &self,
        mut request: Request<Body>,
        deadline: Deadline,
    ) -> Result<Outcome, Box<Request<Body>>> {
        // A generated client fills in only the path, and perhaps the scheme of its origin.
        let mut uri = mem::take(request.uri_mut()).into_parts();
        uri.scheme.get_or_insert(Scheme::HTTP);
        uri.authority = Some(self.0.authority.clone());
        let Ok(uri) = Uri::from_parts(uri) else {
            return Ok(Err(Status::internal("a call without a path")));
        };
        *request.uri_mut() = uri;

        let (addr, call) = (self.0.addr, Arc::clone(&self.0.calls));
        match self.0.requests.clone().try_send_request(request).await {
            Ok(response) => Ok(check(addr, &response).map(|()| {
                response.map(|body| {
                    let (body, alarm) = (Some(body), None);
                    ResponseBody { body, addr, deadline, alarm, _call: call }
                })
            })),
            Err(mut error) => match error.take_message() {
                Some(unsent) => Err(Box::new(unsent)),
                None => Ok(Err(lost(addr, error.into_error()))),
            },
        }
    }
}

/// A generated client can use a connection directly, to call exactly this backend.
impl Service<Request<Body>> for Connection {
    type Response = Response<ResponseBody>;
    type Error = Status;
    type Future = BoxFuture<'static, Outcome>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let connection = self.clone();
        Box::pin(async move {
            let deadline = Deadline::of(request.headers());
            let sent = deadline.limit(connection.send(request, deadline)).await?;
            sent.unwrap_or_else(|_| Err(Status::unavailable("the connection is closed")))
        })
    }
}

//! One HTTP/2 connection, and the calls on it.

use std::{io, mem, net::SocketAddr, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use http::{
    Request, Response, Uri,
    uri::{Authority, Scheme},
};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::io::InspectReader;
use tonic::{Status, body::Body};

use crate::{
    deadline::Deadline,
    response::{ResponseBody, lost},
};

/// Makes the stream of bytes that a connection stands on. TLS would go in here.
pub type Connector =
    Arc<dyn Fn(SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Stream>>> + Send + Sync>;

/// A stream of bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects by TCP.
pub(crate) fn tcp() -> Connector {
    Arc::new(|addr| {
        Box::pin(async move {
            let stream = TcpStream::connect(addr).await?;
            // A small message is not to wait for the one after it.
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    })
}

/// A connection that stands. Clones are the same connection; it is closed when they are gone and
/// the last call on it has ended.
#[derive(Clone)]
pub struct Connection(Arc<Inner>);

struct Inner {
    addr: SocketAddr,
    authority: Authority,
    sender: SendRequest<Body>,
    /// Each call holds a clone, so that their number is the number of calls.
    calls: Arc<()>,
}

/// Why a call has no response.
pub(crate) enum Failed {
    /// Nothing of it was sent. Here it is again, for another connection.
    Unsent(Box<Request<Body>>),
    /// The backend may have seen it.
    Lost(Status),
}

impl Connection {
    /// Connects to `addr` within `limit`, and returns the connection with the task that drives it,
    /// which ends when the connection takes no more calls.
    pub(crate) async fn open(
        addr: SocketAddr,
        connector: &Connector,
        limit: Duration,
    ) -> Result<(Self, JoinHandle<()>), launcher::Error> {
        match timeout(limit, Self::handshake(addr, connector)).await {
            Ok(opened) => opened,
            Err(_) => Err(format!("no HTTP/2 handshake within {limit:?}").into()),
        }
    }

    async fn handshake(
        addr: SocketAddr,
        connector: &Connector,
    ) -> Result<(Self, JoinHandle<()>), launcher::Error> {
        let stream = connector(addr).await?;
        // A socket that is connected tells little: the system connects it to a process that hangs,
        // too. A backend is there when its part of the handshake is, which is a SETTINGS frame.
        let (heard, greeting) = oneshot::channel();
        let (mut heard, mut start) = (Some(heard), Vec::new());
        let stream = InspectReader::new(stream, move |bytes: &[u8]| {
            if heard.is_some() {
                start.extend(bytes.iter().take(FRAME_TYPE + 1));
                if let Some(kind) = start.get(FRAME_TYPE)
                    && let Some(heard) = heard.take()
                {
                    // Nobody listens where the time was over first.
                    let _ = heard.send(*kind);
                }
            }
        });
        let (sender, connection) =
            http2::Builder::new(TokioExecutor::new()).handshake(TokioIo::new(stream)).await?;
        // A task of its own, which nobody aborts: calls that are in flight go on when the
        // subchannel is no longer needed.
        let driver = tokio::spawn(async {
            // How it ended is told to the calls that it ended with it.
            let _ = connection.await;
        });
        match greeting.await {
            Ok(SETTINGS) => {
                let authority = addr.to_string().parse()?;
                let inner = Inner { addr, authority, sender, calls: Arc::new(()) };
                Ok((Self(Arc::new(inner)), driver))
            }
            Ok(_) => Err("the server does not speak HTTP/2".into()),
            Err(_) => Err("the server hung up".into()),
        }
    }

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

    /// Sends a call, and waits for the headers of the response. Where there is no authority, the
    /// call carries the backend's address as one.
    pub(crate) async fn send(
        &self,
        mut request: Request<Body>,
        authority: Option<&Authority>,
        deadline: Deadline,
    ) -> Result<Response<ResponseBody>, Failed> {
        // The generated client knows no more of the URI than the path.
        let mut uri = mem::take(request.uri_mut()).into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(authority.unwrap_or(&self.0.authority).clone());
        *request.uri_mut() = Uri::from_parts(uri).map_err(|error| {
            Failed::Lost(Status::internal(format!("the call's path is none: {error}")))
        })?;
        let call = Arc::clone(&self.0.calls);
        let mut sender = self.0.sender.clone();
        match sender.try_send_request(request).await {
            Ok(response) => {
                Ok(response.map(|body| ResponseBody::new(body, self.0.addr, call, deadline)))
            }
            Err(mut error) => match error.take_message() {
                Some(request) => Err(Failed::Unsent(Box::new(request))),
                None => Err(Failed::Lost(lost(self.0.addr, error.into_error()))),
            },
        }
    }
}

/// Where in a frame its type stands: after three bytes of length (RFC 9113, section 4.1).
const FRAME_TYPE: usize = 3;

/// The type of the first frame that a server sends (RFC 9113, section 3.4).
const SETTINGS: u8 = 4;

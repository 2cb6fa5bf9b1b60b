//! From an address to an HTTP/2 connection that has been answered.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use http::uri::Authority;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    pin, select,
    sync::oneshot,
    task::JoinHandle,
    time::{interval, timeout},
};
use tokio_util::io::InspectReader;

use crate::{connection::Connection, subchannel::Options};

/// Opens the stream of bytes below a connection.
pub(crate) type Connector =
    Arc<dyn Fn(SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Stream>>> + Send + Sync>;

/// A stream of bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects by TCP.
pub(crate) async fn tcp(addr: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(addr).await?;
    // A small message is not to wait for the one after it.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Where in a frame its type stands: after three bytes of length (RFC 9113, section 4.1).
const FRAME_TYPE: usize = 3;

/// The type of the first frame that a server sends (RFC 9113, section 3.4).
const SETTINGS: u8 = 4;

/// Connects to `addr`. Returns the connection, and the task that drives it, which ends when the
/// connection takes no more calls, and says whether that was by a GOAWAY.
pub(crate) async fn open(
    addr: SocketAddr,
    options: &Options,
) -> Result<(Connection, JoinHandle<bool>), launcher::Error> {
    let limit = options.connect_timeout;
    let late = |_| format!("no HTTP/2 handshake within {limit:?}");
    timeout(limit, connect(addr, options)).await.map_err(late)?
}

async fn connect(
    addr: SocketAddr,
    options: &Options,
) -> Result<(Connection, JoinHandle<bool>), launcher::Error> {
    let stream = (options.connector)(addr).await?;
    handshake(stream, addr, options.authority.clone()).await
}

/// Starts HTTP/2 on `stream`, which is connected to `addr`, and waits for the server's SETTINGS
/// frame.
///
/// Calls carry `authority`, or `addr` if it is `None`. The second result is the task that drives
/// the connection. It ends when the connection takes no more calls, and returns whether the server
/// has sent GOAWAY.
pub async fn handshake(
    stream: impl Stream + 'static,
    addr: SocketAddr,
    authority: Option<Authority>,
) -> Result<(Connection, JoinHandle<bool>), launcher::Error> {
    // A socket that is connected tells little: the system connects it to a process that hangs, too.
    // A backend is there when its part of the handshake is, which begins with a SETTINGS frame.
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
    let (requests, connection) =
        http2::Builder::new(TokioExecutor::new()).handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(async {
        pin!(connection);
        // hyper looks for a GOAWAY when there is something to send. With nothing but a long stream on
        // the connection there may never be, and the server would wait for us.
        let mut look = interval(Duration::from_secs(1));
        loop {
            select! {
                ended = &mut connection => return ended.is_ok(),
                _ = look.tick() => {}
            }
        }
    });
    match greeting.await {
        Ok(SETTINGS) => Ok((Connection::new(addr, authority, requests)?, driver)),
        Ok(_) => Err("the server does not speak HTTP/2".into()),
        Err(_) => Err("the server hung up".into()),
    }
}

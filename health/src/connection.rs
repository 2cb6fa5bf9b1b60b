//! A connection that is more than a connected socket.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::oneshot,
};
use tonic::transport::{Channel, Endpoint, Uri};

/// Connects, and waits for the server's part of the handshake, which begins with a SETTINGS frame.
///
/// [`Endpoint::connect`] returns as soon as the socket is connected. That tells little: the system
/// connects a socket to a process that hangs, too, and whoever answers need not speak HTTP/2.
pub(crate) async fn ready(
    endpoint: &Endpoint,
) -> Result<Channel, Box<dyn std::error::Error + Send + Sync>> {
    let (heard, answer) = oneshot::channel();
    let mut heard = Some(heard);
    let connector = tower::service_fn(move |uri: Uri| {
        let heard = heard.take();
        async move {
            let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
            let port = uri.port_u16().ok_or_else(|| io::Error::other("it has no port"))?;
            let stream = TcpStream::connect((host, port)).await?;
            stream.set_nodelay(true)?;
            Ok::<_, io::Error>(TokioIo::new(Heard { stream, start: Vec::new(), first: heard }))
        }
    });
    let channel = endpoint.connect_with_connector(connector).await?;
    match answer.await {
        Ok(SETTINGS) => Ok(channel),
        Ok(_) => Err("the server does not speak HTTP/2".into()),
        Err(_) => Err("the server hung up".into()),
    }
}

/// The type of the first frame that a server sends (RFC 9113, section 3.4). It is a frame's fourth
/// byte, after three bytes of length.
const SETTINGS: u8 = 4;

/// A stream that tells the type of the first frame that it hears.
struct Heard {
    stream: TcpStream,
    /// The first bytes, until there are four.
    start: Vec<u8>,
    first: Option<oneshot::Sender<u8>>,
}

impl AsyncRead for Heard {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        if this.first.is_some() {
            this.start.extend(buffer.filled().iter().skip(before).take(4));
            if let Some(kind) = this.start.get(3)
                && let Some(first) = this.first.take()
            {
                // Nobody listens where the time was over first.
                let _ = first.send(*kind);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Heard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

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

/// Connects, and waits until the server has said something, which is its part of the handshake.
///
/// [`Endpoint::connect`] returns as soon as the socket is connected. That tells little: the system
/// connects a socket to a process that hangs, too.
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
            Ok::<_, io::Error>(TokioIo::new(Heard { stream, heard }))
        }
    });
    let channel = endpoint.connect_with_connector(connector).await?;
    answer.await.map_err(|_| "the server hung up")?;
    Ok(channel)
}

/// A stream that tells of the first thing that it hears.
struct Heard {
    stream: TcpStream,
    heard: Option<oneshot::Sender<()>>,
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before
            && let Some(heard) = self.heard.take()
        {
            // Nobody listens where the time was over first.
            let _ = heard.send(());
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

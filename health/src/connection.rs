//! A connection that is more than a connected socket.

use std::io;

use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::oneshot};
use tokio_util::io::InspectReader;
use tonic::transport::{Channel, Endpoint, Uri};

/// Connects, and waits for the server's part of the handshake, which begins with a SETTINGS frame.
///
/// [`Endpoint::connect`] returns as soon as the socket is connected. That tells little: the system
/// connects a socket to a process that hangs, too, and whoever answers need not speak HTTP/2.
pub(crate) async fn ready(
    endpoint: &Endpoint,
) -> Result<Channel, Box<dyn std::error::Error + Send + Sync>> {
    let (heard, answer) = oneshot::channel();
    let (mut heard, mut start) = (Some(heard), Vec::new());
    // Is told what is read, from the first byte on.
    let mut listen = Some(move |bytes: &[u8]| {
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
    let connector = tower::service_fn(move |uri: Uri| {
        let listen = listen.take();
        async move {
            let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
            let port = uri.port_u16().ok_or_else(|| io::Error::other("it has no port"))?;
            let listen = listen.ok_or_else(|| io::Error::other("the connection was lost"))?;
            let stream = TcpStream::connect((host, port)).await?;
            stream.set_nodelay(true)?;
            Ok::<_, io::Error>(TokioIo::new(InspectReader::new(stream, listen)))
        }
    });
    let channel = endpoint.connect_with_connector(connector).await?;
    match answer.await {
        Ok(SETTINGS) => Ok(channel),
        Ok(_) => Err("the server does not speak HTTP/2".into()),
        Err(_) => Err("the server hung up".into()),
    }
}

/// Where in a frame its type stands: after three bytes of length (RFC 9113, section 4.1).
const FRAME_TYPE: usize = 3;

/// The type of the first frame that a server sends (RFC 9113, section 3.4).
const SETTINGS: u8 = 4;

//! An HTTP/2 connection of the `h2` crate's, which may be watched.

use std::{future::ready, time::Duration};

use bytes::Bytes;
use h2::client::{self, SendRequest};
use launcher::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

use crate::{
    call::{Call, call},
    status::Status,
    tap::Tap,
    watch::View,
};

/// How long it may take to connect.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A connection to a server.
pub struct Connection {
    requests: SendRequest<Bytes>,
    authority: String,
    tap: Option<Tap>,
}

impl Connection {
    /// Connects to `target`, a `HOST:PORT`. What goes over the connection is shown if there is a view.
    pub async fn open(target: &str, view: Option<View>) -> Result<Self, Error> {
        let connected = timeout(TIMEOUT, TcpStream::connect(target)).await;
        let stream = connected.map_err(|_| format!("cannot connect within {TIMEOUT:?}"))??;
        stream.set_nodelay(true)?;
        let authority = target.to_owned();
        let tap = view.map(|view| Tap::new(1, view));
        let requests = match &tap {
            Some(tap) => handshake(Box::pin(tap.both(stream))).await?,
            None => handshake(stream).await?,
        };
        Ok(Self { requests, authority, tap })
    }

    /// Calls the method at `path`, as [`call`] does.
    pub async fn call(
        &self,
        path: &str,
        message: &[u8],
        timeout: Duration,
    ) -> Result<Call, Status> {
        self.call_when(path, message, timeout, ready(())).await
    }

    /// Calls the method at `path`, but sends the message only when `when` has ended.
    pub async fn call_when(
        &self,
        path: &str,
        message: &[u8],
        timeout: Duration,
        when: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Call, Status> {
        call(&self.requests, &self.authority, path, message, timeout, when).await
    }

    /// Waits until all that went by so far has been shown.
    pub async fn flush(&self) {
        if let Some(tap) = &self.tap {
            tap.flush().await;
        }
    }
}

/// Says the preface, and leaves the connection to a task, which ends when the connection, and all calls
/// on it, are gone.
async fn handshake(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> Result<SendRequest<Bytes>, h2::Error> {
    let mut settings = client::Builder::new();
    // Nobody here takes what a server pushes, nor headers of any length.
    settings.enable_push(false).max_header_list_size(16 * 1024);
    let (requests, connection) = settings.handshake(stream).await?;
    tokio::spawn(async move {
        // How it ended is told to the calls that end with it.
        let _ = connection.await;
    });
    Ok(requests)
}

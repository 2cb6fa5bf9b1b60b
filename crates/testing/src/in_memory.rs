//! A server, and a channel to it, without a port or a network.

use std::{convert::Infallible, io};

use hyper_util::rt::TokioIo;
use tonic::{
    body::Body,
    codegen::{
        Body as HttpBody, Bytes, Service, StdError,
        http::{Request, Response},
    },
    transport::{Channel, Endpoint, Server},
};

/// Serves `service` in its own task and returns the only channel to it.
///
/// Everything except the socket is real: both sides speak HTTP/2 through a pipe in memory. The
/// server ends when the channel and its clones are dropped.
///
/// The service is served with tonic's own settings. The settings of `launcher::builder` apply only
/// to a server that an example's `serve` runs; see [`start`](crate::start).
pub async fn in_memory<S, B>(service: S) -> Channel
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes, Error: Into<StdError>> + Send + 'static,
{
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    tokio::spawn(
        Server::builder()
            .serve_with_incoming(service, tokio_stream::once(Ok::<_, Infallible>(theirs))),
    );
    let mut ours = Some(ours);
    Endpoint::from_static("http://in.memory")
        .connect_with_connector(tower::service_fn(move |_| {
            let pipe = ours.take().map(TokioIo::new);
            async { pipe.ok_or_else(|| io::Error::other("the server in memory is gone")) }
        }))
        .await
        .expect("the pipe is there")
}

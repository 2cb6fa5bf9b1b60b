//! A connection that stands, and the calls on it.

use std::{
    mem,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use http::{
    Request, Response, StatusCode, Uri,
    uri::{Authority, Scheme},
};
use hyper::client::conn::http2::SendRequest;
use tonic::{Status, body::Body};
use tower::Service;

use crate::{
    deadline::Deadline,
    response::{ResponseBody, lost, not_grpc},
};

/// An HTTP/2 connection to a backend. Clones are the same connection, which is closed when they are
/// gone and the last call on it has ended.
#[derive(Clone)]
pub struct Connection(Arc<Inner>);

struct Inner {
    addr: SocketAddr,
    authority: Authority,
    requests: SendRequest<Body>,
    /// Each call holds a clone, so that their number is the number of calls.
    calls: Arc<()>,
    /// Whether it was used for a call.
    used: AtomicBool,
}

/// Why a call has no response.
pub enum Failed {
    /// Nothing of it was sent. Here it is again, for another connection.
    Unsent(Box<Request<Body>>),
    /// It has ended with this status; the backend may have seen it.
    Lost(Status),
}

impl Connection {
    /// A connection whose calls carry this authority, or the backend's address where there is none.
    pub(crate) fn new(
        addr: SocketAddr,
        authority: Option<Authority>,
        requests: SendRequest<Body>,
    ) -> Result<Self, launcher::Error> {
        let authority = authority.map_or_else(|| addr.to_string().parse(), Ok)?;
        let (calls, used) = (Arc::new(()), AtomicBool::new(false));
        Ok(Self(Arc::new(Inner { addr, authority, requests, calls, used })))
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

    /// Says that it is used for a call, and not for a health check alone.
    pub(crate) fn mark_used(&self) {
        self.0.used.store(true, Relaxed);
    }

    /// Whether it has been used for a call.
    pub(crate) fn was_used(&self) -> bool {
        self.0.used.load(Relaxed)
    }

    /// Sends a call, and waits for the headers of the response.
    pub async fn send(
        &self,
        mut request: Request<Body>,
        deadline: Deadline,
    ) -> Result<Response<ResponseBody>, Failed> {
        let inner = &*self.0;
        // Of the URI, a generated client knows the path alone.
        let mut uri = mem::take(request.uri_mut()).into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(inner.authority.clone());
        *request.uri_mut() = Uri::from_parts(uri).map_err(|error| {
            Failed::Lost(Status::internal(format!("there is no such path: {error}")))
        })?;

        let call = Arc::clone(&inner.calls);
        match inner.requests.clone().try_send_request(request).await {
            Ok(response) if response.status() != StatusCode::OK => {
                Err(Failed::Lost(not_grpc(inner.addr, response.status())))
            }
            Ok(response) => {
                Ok(response.map(|body| ResponseBody::new(body, inner.addr, call, deadline)))
            }
            Err(mut error) => match error.take_message() {
                Some(request) => Err(Failed::Unsent(Box::new(request))),
                None => Err(Failed::Lost(lost(inner.addr, error.into_error()))),
            },
        }
    }
}

/// A connection is what a generated client needs, so a client can call one backend directly:
/// `HealthClient::new(connection)`.
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
            deadline.limit(connection.send(request, deadline)).await?.map_err(|failed| {
                match failed {
                    Failed::Lost(status) => status,
                    Failed::Unsent(_) => Status::unavailable("the connection was closed"),
                }
            })
        })
    }
}

//! A connection that stands, and the calls on it.

use std::{
    mem,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use http::{
    Request, Response, Uri,
    uri::{Authority, Scheme},
};
use hyper::client::conn::http2::SendRequest;
use tonic::{Status, body::Body};

use crate::{
    deadline::Deadline,
    response::{ResponseBody, lost},
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
    /// Whether there was ever a call.
    used: AtomicBool,
}

/// Why a call has no response.
pub(crate) enum Failed {
    /// Nothing of it was sent. Here it is again, for another connection.
    Unsent(Box<Request<Body>>),
    /// The backend may have seen it.
    Lost(Status),
}

impl Connection {
    pub(crate) fn new(
        addr: SocketAddr,
        requests: SendRequest<Body>,
    ) -> Result<Self, launcher::Error> {
        let authority = addr.to_string().parse()?;
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

    /// Whether there was ever a call on it.
    pub(crate) fn was_used(&self) -> bool {
        self.0.used.load(Relaxed)
    }

    /// Sends a call, and waits for the headers of the response. Where there is no authority, the
    /// call carries the backend's address as one.
    pub(crate) async fn send(
        &self,
        mut request: Request<Body>,
        authority: Option<&Authority>,
        deadline: Deadline,
    ) -> Result<Response<ResponseBody>, Failed> {
        let inner = &*self.0;
        // Of the URI, a generated client knows the path alone.
        let mut uri = mem::take(request.uri_mut()).into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(authority.unwrap_or(&inner.authority).clone());
        *request.uri_mut() = Uri::from_parts(uri).map_err(|error| {
            Failed::Lost(Status::internal(format!("there is no such path: {error}")))
        })?;

        let call = Arc::clone(&inner.calls);
        inner.used.store(true, Relaxed);
        match inner.requests.clone().try_send_request(request).await {
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

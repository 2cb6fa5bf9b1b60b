//! Counts the bytes of the messages that a channel sends and receives.

use std::sync::{Arc, atomic::AtomicUsize, atomic::Ordering::Relaxed};

use http::{Request, Response};
use http_body_util::BodyExt;
use tonic::{body::Body, transport::Channel};
use tower::{Service, ServiceExt};

/// The bytes in the DATA frames of a channel: the messages after compression, each with its prefix of
/// five bytes. Headers are not counted. Clones are the same counter.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    sent: Arc<AtomicUsize>,
    received: Arc<AtomicUsize>,
}

impl Counter {
    /// Returns the bytes sent and received since the last call of this method.
    #[must_use]
    pub fn take(&self) -> (usize, usize) {
        (self.sent.swap(0, Relaxed), self.received.swap(0, Relaxed))
    }
}

/// The same channel, counted. A stub uses it like a `Channel`.
#[must_use]
pub fn count(
    channel: Channel,
    on: Counter,
) -> impl Service<Request<Body>, Response = Response<Body>, Error = tonic::transport::Error> {
    // A channel is a service of tower: a function from a request to a response. Both are HTTP's, and
    // their bodies contain the compressed messages. An interceptor would see only metadata.
    channel
        .map_request(move |request: Request<_>| request.map(|body| counted(body, &on.sent)))
        .map_response(move |response: Response<_>| {
            response.map(|body| counted(body, &on.received))
        })
}

fn counted(body: Body, bytes: &Arc<AtomicUsize>) -> Body {
    let bytes = Arc::clone(bytes);
    Body::new(body.inspect_frame(move |frame| {
        // Any other frame is a trailer.
        if let Some(data) = frame.data_ref() {
            bytes.fetch_add(data.len(), Relaxed);
        }
    }))
}

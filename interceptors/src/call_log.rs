//! A large layer: it tells of a call from its first byte to its last, whatever its pattern.
//!
//! The same code stands on both sides. A server and a client are both, to tower, a service that
//! makes an HTTP response out of an HTTP request; they differ in where the service gets it from.

use std::{
    error::Error,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::{Request, Response};
use tokio::time::Instant;
use tonic::{Code, body::Body};
use tower::{Layer, Service};

use crate::{
    body::{RequestBody, ResponseBody},
    ending::{Ending, code},
    messages::Message,
};

/// What happens in a call, in the order in which it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It begins.
    Started,
    /// A message of the client's has gone by.
    Request(Message),
    /// A message of the server's has gone by.
    Response(Message),
    /// It has come to its end, of which there is one.
    Ended(End),
}

/// The ends that a call can come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It has a status.
    Status(Code),
    /// It broke off before there was a status; here is why.
    Failed(String),
    /// It was dropped before there was a status: its client gave up, its time was over, or its
    /// method panicked.
    Cancelled,
}

/// The call that an event belongs to.
pub struct Call {
    /// Which call of this layer it is, from 1: calls run at the same time.
    pub number: u64,
    /// Its method, as `/package.Service/method`.
    pub path: String,
    started: Instant,
    observer: Arc<Observer>,
}

type Observer = dyn Fn(&Call, Event) + Send + Sync;

impl Call {
    /// The time since it began; at its end, how long it took.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn tell(&self, event: Event) {
        (self.observer)(self, event);
    }
}

/// `addOrder #1`
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.path.rsplit('/').next().filter(|method| !method.is_empty());
        write!(f, "{} #{}", method.unwrap_or(&self.path), self.number)
    }
}

/// `ends with OK`
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(code) => write!(f, "ends with {}", launcher::code_name(*code)),
            Self::Failed(reason) => write!(f, "fails: {reason}"),
            Self::Cancelled => f.write_str("is cancelled"),
        }
    }
}

/// The layer. It hands each event on to a function of yours, which must not block.
#[derive(Clone)]
pub struct CallLog {
    observer: Arc<Observer>,
    calls: Arc<AtomicU64>,
}

impl CallLog {
    /// A layer that tells `observer` of each event, at the moment at which it happens.
    #[must_use]
    pub fn new(observer: impl Fn(&Call, Event) + Send + Sync + 'static) -> Self {
        Self { observer: Arc::new(observer), calls: Arc::default() }
    }
}

impl<S> Layer<S> for CallLog {
    type Service = Logged<S>;

    fn layer(&self, inner: S) -> Logged<S> {
        Logged { inner, log: self.clone() }
    }
}

/// A service, or a channel, with the layer around it.
#[derive(Clone)]
pub struct Logged<S> {
    inner: S,
    log: CallLog,
}

impl<S> Service<Request<Body>> for Logged<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error: Error + 'static>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = Arc::new(Call {
            number: self.log.calls.fetch_add(1, Relaxed) + 1,
            path: request.uri().path().to_owned(),
            started: Instant::now(),
            observer: Arc::clone(&self.log.observer),
        });
        call.tell(Event::Started);
        // From here on the end is told, even when all of this is dropped.
        let mut ending = Ending::new(Arc::clone(&call));
        let request = request.map(|body| Body::new(RequestBody::new(body, call)));
        let response = self.inner.call(request);
        Box::pin(async move {
            let response = response.await.inspect_err(|error| ending.failed(error))?;
            // Where a handler returns a status and no response, the headers are the trailers.
            if let Some(code) = code(response.headers()) {
                ending.tell(End::Status(code));
            }
            Ok(response.map(|body| Body::new(ResponseBody::new(body, ending))))
        })
    }
}

//! A large layer: it logs a call from its start to its end, whatever its pattern.
//!
//! The same code works on both sides, because a server and a client's channel are both a `Service`.

use std::{
    error::Error,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use http::{Request, Response};
use launcher::root_cause;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::body::{Ending, Log, LoggedBody, code_name};

/// The layer. It passes each line to a function of yours, which must not block.
#[derive(Clone)]
pub struct CallLog {
    lines: Arc<Log>,
    /// "sent" or "received", for the messages of a request and for those of a response.
    verbs: [&'static str; 2],
    calls: Arc<AtomicU64>,
}

impl CallLog {
    /// A log of the calls that a server receives.
    #[must_use]
    pub fn server(lines: impl Fn(fmt::Arguments<'_>) + Send + Sync + 'static) -> Self {
        Self { lines: Arc::new(lines), verbs: ["received", "sent"], calls: Arc::default() }
    }

    /// A log of the calls that a client makes.
    #[must_use]
    pub fn client(lines: impl Fn(fmt::Arguments<'_>) + Send + Sync + 'static) -> Self {
        Self { verbs: ["sent", "received"], ..Self::server(lines) }
    }
}

impl<S> Layer<S> for CallLog {
    type Service = Logged<S>;

    fn layer(&self, inner: S) -> Logged<S> {
        Logged { inner, log: self.clone() }
    }
}

/// A service or a channel with the layer around it.
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
        let number = self.log.calls.fetch_add(1, Relaxed) + 1;
        let path = request.uri().path().to_owned();
        // Calls run at the same time, so each line starts with the method and the number of the call.
        let name = format!("{} #{number}", path.rsplit('/').next().unwrap_or(&path));
        let lines = Arc::clone(&self.log.lines);
        let log: Arc<Log> = Arc::new(move |event| lines(format_args!("{name} {event}")));
        log(format_args!("begins: {path}"));
        // From here on the call has an end, even if the future below is dropped.
        let mut ending = Ending::new(Arc::clone(&log));
        let [there, back] = self.log.verbs;
        let request =
            request.map(|body| Body::new(LoggedBody::new(body, Arc::clone(&log), there, None)));
        let response = self.inner.call(request);
        Box::pin(async move {
            let response = response.await.inspect_err(|error| {
                ending.log(format_args!("fails: {}", root_cause(error)));
            })?;
            // If a handler returns a status and no response, the status is in the headers.
            if let Some(code) = code_name(response.headers()) {
                ending.log(format_args!("ends with {code}"));
            }
            Ok(response.map(|body| Body::new(LoggedBody::new(body, log, back, Some(ending)))))
        })
    }
}

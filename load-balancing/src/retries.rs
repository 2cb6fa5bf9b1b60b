//! Retries: a call that was lost is made again, where that does no harm (gRFC A6).

use std::{
    collections::HashMap,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::{Request, Response};
use tokio::time::sleep;
use tonic::{Code, Status, body::Body};
use tower::Service;

use crate::replay::Replay;
use channel::{Backoff, Channel, Deadline, ResponseBody, is_refused};

/// How a method's calls are repeated when they end with UNAVAILABLE. Only for methods that may be
/// executed twice: a backend that is lost may have done its work before.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// The attempts, with the first. More than 5 are taken as 5, as gRPC does.
    pub max_attempts: u32,
    /// The delays between them.
    pub backoff: Backoff,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        let backoff = Backoff {
            initial: Duration::from_millis(100),
            factor: 2.0,
            max: Duration::from_secs(1),
            ..Backoff::default()
        };
        Self { max_attempts: 4, backoff }
    }
}

/// No policy makes more attempts, as in gRPC.
const MAX_ATTEMPTS: u32 = 5;

/// How many bytes of a request are kept for another attempt, where it is not set. Who sends more has
/// one attempt.
const BUFFER: usize = 256 * 1024;

/// A channel that repeats calls.
///
/// Every call is repeated, once, if its backend says that it has not looked at it. The calls of a
/// method with a [`RetryPolicy`] are repeated after other losses too.
#[derive(Clone)]
pub struct Retries {
    channel: Channel,
    methods: Arc<HashMap<String, RetryPolicy>>,
    buffer: usize,
}

impl Retries {
    /// Repeats calls on `channel`.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self { channel, methods: Arc::default(), buffer: BUFFER }
    }

    /// Lets the calls of the method at `path`, such as `/package.Service/Method`, be repeated.
    #[must_use]
    pub fn method(mut self, path: &str, policy: RetryPolicy) -> Self {
        Arc::make_mut(&mut self.methods).insert(path.to_owned(), policy);
        self
    }

    /// How many bytes of a request are kept for another attempt.
    #[must_use]
    pub fn buffer(self, buffer: usize) -> Self {
        Self { buffer, ..self }
    }

    async fn send(self, request: Request<Body>) -> Result<Response<ResponseBody>, Status> {
        let (head, body) = request.into_parts();
        let body = Replay::new(body, self.buffer);
        let deadline = Deadline::of(&head.headers);
        let policy = self.methods.get(head.uri.path()).copied();
        let mut attempts_left =
            policy.map_or(1, |policy| policy.max_attempts.min(MAX_ATTEMPTS));
        let backoff = policy.unwrap_or_default().backoff;
        let mut delays = backoff.delays();
        let mut may_be_refused = true;
        let mut previous = 0_u32;
        loop {
            let mut request = Request::from_parts(head.clone(), body.body());
            deadline.write(request.headers_mut());
            if previous > 0 {
                request.headers_mut().insert("grpc-previous-rpc-attempts", previous.into());
            }
            let result = self.channel.clone().send(request).await;
            let delay = match &result {
                Err(status) if may_be_refused && is_refused(status) => {
                    // Nobody has seen it, and so it does not count.
                    may_be_refused = false;
                    Some(Duration::ZERO)
                }
                result if attempts_left > 1 && is_unavailable(result) => {
                    attempts_left -= 1;
                    previous += 1;
                    match pushback(result) {
                        Pushback::None => delays.next(),
                        Pushback::After(delay) => {
                            delays = backoff.delays();
                            Some(delay)
                        }
                        Pushback::Never => None,
                    }
                }
                _ => None,
            };
            match delay {
                Some(delay) if !deadline.passes_within(delay) && body.take_back() => {
                    drop(result);
                    sleep(delay).await;
                }
                // It is committed: what has come, headers or a failure, is the caller's.
                _ => {
                    body.commit();
                    return result;
                }
            }
        }
    }
}

/// Whether it has ended with UNAVAILABLE, here or, without any message before, at the backend.
fn is_unavailable(result: &Result<Response<ResponseBody>, Status>) -> bool {
    match result {
        Ok(response) => response.headers().get("grpc-status").is_some_and(|code| code == "14"),
        Err(status) => status.code() == Code::Unavailable,
    }
}

/// What a backend says to another attempt.
enum Pushback {
    None,
    After(Duration),
    Never,
}

fn pushback(result: &Result<Response<ResponseBody>, Status>) -> Pushback {
    let headers = result.as_ref().ok().map(Response::headers);
    let Some(asked) = headers.and_then(|headers| headers.get("grpc-retry-pushback-ms")) else {
        return Pushback::None;
    };
    match asked.to_str().ok().and_then(|asked| asked.parse::<u32>().ok()) {
        Some(milliseconds) => Pushback::After(Duration::from_millis(milliseconds.into())),
        // What is negative, or no number, says no.
        None => Pushback::Never,
    }
}

impl Service<Request<Body>> for Retries {
    type Response = Response<ResponseBody>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

//! Retries: a call that failed is made again, if that is safe (gRFC A6).

use std::{
    collections::HashMap,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use channel::{Backoff, Channel, Deadline, is_refused};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, BodyStream, Full, Limited, StreamBody};
use tokio::time::sleep;
use tonic::{Code, Status, body::Body};
use tower::Service;

/// How the calls of a method are repeated after UNAVAILABLE. Only for methods that may be executed
/// twice: a backend may have done its work before its connection was lost.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// How many attempts there are, including the first. More than 5 count as 5, as in gRPC.
    pub max_attempts: u32,
    /// The delays between them.
    pub backoff: Backoff,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        let (initial, max) = (Duration::from_millis(100), Duration::from_secs(1));
        let backoff = Backoff { initial, factor: 2.0, jitter: 0.2, max };
        Self { max_attempts: 4, backoff }
    }
}

/// The largest request that is kept for another attempt. A larger one has one attempt.
const MAX_REQUEST: usize = 256 * 1024;

/// The largest response that is kept until it is complete: the default limit of tonic's clients.
const MAX_RESPONSE: usize = 4 * 1024 * 1024 + 5;

/// A channel that repeats calls: each call once if no backend has processed it, and the calls of a
/// method with a [`RetryPolicy`] also after UNAVAILABLE.
#[derive(Clone)]
pub struct Retries {
    channel: Channel,
    /// By the path of a method.
    policies: Arc<HashMap<String, RetryPolicy>>,
}

type Outcome = Result<Response<Body>, Status>;

impl Retries {
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self { channel, policies: Arc::default() }
    }

    /// Repeats the calls of the unary method at `path`, such as `/package.Service/Method`. The
    /// caller sees nothing of a response before it is complete, so another attempt is safe even if
    /// half of it has arrived.
    #[must_use]
    pub fn unary(mut self, path: &str, policy: RetryPolicy) -> Self {
        Arc::make_mut(&mut self.policies).insert(path.to_owned(), policy);
        self
    }

    async fn send(self, request: Request<Body>) -> Outcome {
        let (mut head, body) = request.into_parts();
        let policy = self.policies.get(head.uri.path()).copied();
        let message = match read(body) {
            Ok(message) => message,
            // It cannot be repeated.
            Err(body) => return self.attempt(Request::from_parts(head, body), policy).await,
        };
        let max_attempts = policy.map_or(1, |policy| policy.max_attempts.min(5));
        let backoff = policy.unwrap_or_default().backoff;
        let deadline = Deadline::of(&head.headers);
        let (mut refused, mut previous, mut delays) = (false, 0, 0..);
        loop {
            let body = Body::new(Full::new(message.clone()));
            let request = Request::from_parts(head.clone(), body);
            let result = self.attempt(request, policy).await;
            let Err(status) = &result else { return result };
            let delay = if is_refused(status) && !refused {
                // This attempt does not count. Go calls it a transparent retry.
                refused = true;
                Some(Duration::ZERO)
            } else if status.code() == Code::Unavailable && previous + 1 < max_attempts {
                previous += 1;
                head.headers.insert("grpc-previous-rpc-attempts", previous.into());
                match status.metadata().get("grpc-retry-pushback-ms") {
                    None => delays.next().map(|retries| backoff.delay(retries)),
                    Some(pushback) => {
                        delays = 0..;
                        // A negative number, or no number at all, forbids another attempt.
                        let pushback = pushback.to_str().ok().and_then(|ms| ms.parse().ok());
                        pushback.map(Duration::from_millis)
                    }
                }
            } else {
                None
            };
            let in_time = |delay: &Duration| deadline.left().is_none_or(|left| *delay < left);
            let Some(delay) = delay.filter(in_time) else { return result };
            sleep(delay).await;
            // Some of the time has passed since the first attempt.
            deadline.write(&mut head.headers);
        }
    }

    /// Makes one attempt. With a policy, it reads the whole response.
    async fn attempt(&self, request: Request<Body>, policy: Option<RetryPolicy>) -> Outcome {
        let response = self.channel.clone().send(request).await?;
        check(response.headers())?;
        if policy.is_none() {
            return Ok(response.map(Body::new));
        }
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_RESPONSE).collect().await.map_err(|error| {
            let too_large = |_| Status::out_of_range("the response exceeds 4 MiB");
            Status::try_from_error(error).unwrap_or_else(too_large)
        })?;
        body.trailers().map_or(Ok(()), check)?;
        Ok(Response::from_parts(head, Body::new(body)))
    }
}

/// The status in headers or trailers, as an error unless it is OK.
fn check(headers: &HeaderMap) -> Result<(), Status> {
    let status = Status::from_header_map(headers).filter(|status| status.code() != Code::Ok);
    status.map_or(Ok(()), Err)
}

/// Reads a request that is complete already, as that of a unary call is. Otherwise returns all of
/// it as a body that is sent once.
fn read(mut body: Body) -> Result<Bytes, Body> {
    let (mut frames, mut size) = (Vec::new(), 0);
    while size <= MAX_REQUEST
        && let Some(frame) = body.frame().now_or_never()
    {
        let Some(frame) = frame else {
            let data = |frame: Result<Frame<Bytes>, _>| frame.ok()?.into_data().ok();
            // A unary call has one part, so there is nothing to copy.
            let all = frames.into_iter().filter_map(data).reduce(|a, b| [a, b].concat().into());
            return Ok(all.unwrap_or_default());
        };
        let data = frame.as_ref().ok().and_then(Frame::data_ref);
        size += data.map_or(MAX_REQUEST + 1, Bytes::len);
        frames.push(frame);
    }
    Err(Body::new(StreamBody::new(stream::iter(frames).chain(BodyStream::new(body)))))
}

impl Service<Request<Body>> for Retries {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Outcome>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

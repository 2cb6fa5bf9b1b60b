//! The channel: what a stub calls. It takes a call to a connection, and brings back the response.

use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response};
use tokio::sync::watch;
use tonic::{Status, body::Body};
use tower::Service;

use crate::{
    balancer::Current,
    builder::Builder,
    connection::{Connection, Failed},
    deadline::Deadline,
    policy::Pick,
    resolver::Resolver,
    response::ResponseBody,
    target::{Names, Target},
};

/// Put into a request's extensions, it makes the call wait for a backend as long as its deadline
/// allows, where others fail.
#[derive(Clone, Copy, Debug)]
pub struct WaitForReady;

/// A virtual connection to a target, which may be many backends. Any generated client takes it:
/// `EchoClient::new(channel)`.
///
/// Clones are the same channel. When they are gone, so are its connections, once the last call on
/// them has ended.
#[derive(Clone)]
pub struct Channel {
    pub(crate) current: watch::Receiver<Current>,
}

impl Channel {
    /// A channel to `target`, a URI such as `dns:///localhost:50051`, `ipv4:127.0.0.1:50051` or
    /// `example:///NAME`, where the name is one of `names`. Fails if it is none of these.
    pub fn to(target: &str, names: &Names) -> Result<Builder, launcher::Error> {
        let Target { resolver, authority } = Target::parse(target, names)?;
        Ok(Builder::new(resolver, authority))
    }

    /// A channel to the addresses of a resolver.
    #[must_use]
    pub fn over(resolver: impl Resolver) -> Builder {
        Builder::new(Box::new(resolver), None)
    }

    /// Waits until nothing is on its way for the first time: the addresses are known, and each
    /// backend that the policy wants is connected or has failed. Calls need not wait for this. But
    /// those that come earlier all go to the backends that were the first to answer.
    pub async fn connected(&self) {
        // An error says that the channel's task has ended, which calls are told.
        let _ = self.current.clone().wait_for(|current| !current.connecting).await;
    }

    /// Sends a call, and returns when the headers of the response have arrived.
    pub async fn send(
        mut self,
        mut request: Request<Body>,
    ) -> Result<Response<ResponseBody>, Status> {
        let deadline = Deadline::of(request.headers());
        let wait_for_ready = request.extensions().get::<WaitForReady>().is_some();
        loop {
            let connection = deadline.limit(self.pick(wait_for_ready)).await??;
            deadline.write(request.headers_mut());
            connection.mark_used();
            match deadline.limit(connection.send(request, deadline)).await? {
                Ok(response) => return Ok(response),
                Err(Failed::Lost(status)) => return Err(status),
                // The connection was just closed. Its subchannel is about to notice, and then there
                // is another picker.
                Err(Failed::Unsent(unsent)) => {
                    request = *unsent;
                    deadline.limit(self.change()).await??;
                }
            }
        }
    }

    /// Picks the connection for a call.
    async fn pick(&mut self, wait_for_ready: bool) -> Result<Connection, Status> {
        loop {
            let pick = (self.current.borrow_and_update().picker)();
            match pick {
                Pick::Use(connection) => return Ok(connection),
                Pick::Fail(status) if !wait_for_ready => return Err(status),
                Pick::Fail(_) | Pick::Wait => self.change().await?,
            }
        }
    }

    /// Waits for the next picker after the one that was last used.
    async fn change(&mut self) -> Result<(), Status> {
        let gone = |_| Status::unavailable("the channel's task has ended");
        self.current.changed().await.map_err(gone)
    }
}

/// What a generated client wants of a channel.
impl Service<Request<Body>> for Channel {
    type Response = Response<ResponseBody>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // Which connection has to be ready is not known before the pick.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

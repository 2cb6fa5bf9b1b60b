//! The channel: takes each call to a connection, and returns the response.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
};

use futures::{FutureExt, TryFutureExt, future::BoxFuture};
use http::{Request, Response, uri::Authority};
use tokio::sync::watch;
use tonic::{Status, body::Body};
use tower::Service;

use crate::{
    backoff::Backoff,
    balancer::{Current, balance},
    connection::{Connection, Failed, Keepalive, Stream, tcp},
    deadline::Deadline,
    pick_first::PickFirst,
    policy::{Pick, Policy},
    resolver::Resolver,
    response::ResponseBody,
    subchannel::{Options, Readiness},
    target::{Names, Target},
};

/// In a request's extensions, this makes the call wait-for-ready: it waits for a backend until its
/// deadline, where other calls fail.
#[derive(Clone, Copy, Debug)]
pub struct WaitForReady;

/// A virtual connection to a target, which may have many backends. Every generated client accepts
/// it: `EchoClient::new(channel)`.
///
/// Clones are the same channel. When all are dropped, each connection is closed after its last
/// call.
#[derive(Clone)]
pub struct Channel {
    current: watch::Receiver<Current>,
}

impl Channel {
    /// A channel to `target`, a URI such as `dns:///localhost:50051`, `ipv4:127.0.0.1:50051` or
    /// `example:///NAME`, where NAME is in `names`. Fails if `target` is none of these.
    pub fn to(target: &str, names: &Names) -> Result<Builder, launcher::Error> {
        let Target { resolver, authority } = Target::parse(target, names)?;
        Ok(Builder::new(resolver, authority))
    }

    /// A channel to the addresses of a resolver.
    #[must_use]
    pub fn over(resolver: impl Resolver) -> Builder {
        Builder::new(Box::new(resolver), None)
    }

    /// Waits until the addresses are known, and each backend that the policy connects to has
    /// answered or failed. Calls do not need this, but without it the first calls all go to the
    /// backends that answer first.
    pub async fn connected(&self) {
        // An error means that the channel's task has ended. The next call reports it.
        let _ = self.current.clone().wait_for(|current| !current.connecting).await;
    }

    /// Sends a call, and returns when the headers of the response have arrived.
    pub async fn send(
        mut self,
        mut request: Request<Body>,
    ) -> Result<Response<ResponseBody>, Status> {
        let deadline = Deadline::of(request.headers());
        let wait_for_ready = request.extensions().get::<WaitForReady>().is_some();
        let sent = deadline.limit(async {
            loop {
                let connection = self.pick(wait_for_ready).await?;
                deadline.write(request.headers_mut());
                connection.mark_used();
                match connection.send(request, deadline).await {
                    Ok(response) => return Ok(response),
                    Err(Failed::Lost(status)) => return Err(status),
                    // The connection was closed a moment ago. Its subchannel is about to notice,
                    // and then there is another picker.
                    Err(Failed::Unsent(unsent)) => {
                        request = *unsent;
                        self.change().await?;
                    }
                }
            }
        });
        sent.await?
    }

    /// Picks the connection for a call.
    async fn pick(&mut self, wait_for_ready: bool) -> Result<Connection, Status> {
        loop {
            self.current.has_changed().map_err(|_| task_ended())?;
            let pick = (self.current.borrow_and_update().picker)();
            match pick {
                Pick::Use(connection) => return Ok(connection),
                Pick::Fail(status) if !wait_for_ready => return Err(status),
                Pick::Fail(_) | Pick::Wait => self.change().await?,
            }
        }
    }

    /// Waits for the next picker.
    async fn change(&mut self) -> Result<(), Status> {
        self.current.changed().await.map_err(|_| task_ended())
    }
}

/// The channel's task runs as long as there is a channel, unless it panics.
fn task_ended() -> Status {
    Status::internal("the channel's task has ended because of a panic")
}

/// This is what a generated client needs.
impl Service<Request<Body>> for Channel {
    type Response = Response<ResponseBody>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // Which connection has to be ready is known only after the pick.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

/// The settings of a [`Channel`]. Each has gRPC's default.
pub struct Builder {
    resolver: Box<dyn Resolver>,
    policy: Box<dyn Policy>,
    options: Options,
}

impl Builder {
    fn new(resolver: Box<dyn Resolver>, authority: Option<Authority>) -> Self {
        let options = Options {
            backoff: Backoff::default(),
            connector: Box::new(|addr| tcp(addr).boxed()),
            keepalive: None,
            readiness: None,
            authority,
        };
        Self { resolver, policy: Box::new(PickFirst::default()), options }
    }

    /// The load-balancing policy. The default is [`PickFirst`].
    #[must_use]
    pub fn policy(self, policy: impl Policy) -> Self {
        Self { policy: Box::new(policy), ..self }
    }

    /// How long a subchannel waits between attempts to connect.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.options.backoff = backoff;
        self
    }

    /// HTTP/2 keepalive. The default is none.
    #[must_use]
    pub fn keepalive(mut self, keepalive: Keepalive) -> Self {
        self.options.keepalive = Some(keepalive);
        self
    }

    /// Opens the streams below the connections. The default is plain TCP; this is the place for
    /// TLS.
    #[must_use]
    pub fn connector<F, S>(
        mut self,
        connector: impl Fn(SocketAddr) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = io::Result<S>> + Send + 'static,
        S: Stream + 'static,
    {
        self.options.connector = Box::new(move |addr| {
            connector(addr).map_ok(|stream| Box::new(stream) as Box<dyn Stream>).boxed()
        });
        self
    }

    /// When calls may be sent on an open connection. The default is always.
    #[must_use]
    pub fn ready_when(mut self, readiness: Readiness) -> Self {
        self.options.readiness = Some(readiness);
        self
    }

    /// The channel. It starts to resolve its target at once, and connects when its policy says so.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    #[must_use]
    pub fn build(self) -> Channel {
        let (picker, connecting) = (Arc::new(|| Pick::Wait), true);
        let (sender, current) = watch::channel(Current { picker, connecting });
        tokio::spawn(balance(self.resolver, self.policy, Arc::new(self.options), sender));
        Channel { current }
    }
}

//! The channel: takes each call to a connection, and returns the response.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
};

use futures::{FutureExt, StreamExt, TryFutureExt, future::BoxFuture, stream};
use http::{Request, Response};
use tokio::sync::watch;
use tonic::{Status, body::Body};
use tower::Service;

use crate::{
    backoff::Backoff,
    balancer::{Current, balance},
    connection::{Keepalive, Outcome, Stream, tcp},
    deadline::Deadline,
    policy::{Pick, PickFirst, Policy},
    resolver::Resolver,
    response::ResponseBody,
    subchannel::{Options, Readiness},
    target::{self, Names},
};

/// In a request's extensions, this makes the call wait-for-ready: it waits for a backend until its
/// deadline, where other calls fail.
#[derive(Clone, Copy, Debug)]
pub struct WaitForReady;

/// A virtual connection to a target, which may have many backends. Every generated client accepts
/// it: `EchoClient::new(channel)`. Clones are the same channel. When all are dropped, each
/// connection is closed after its last call.
#[derive(Clone)]
pub struct Channel {
    current: watch::Receiver<Current>,
}

impl Channel {
    /// A channel to `target`, a URI such as `dns:///localhost:50051`, `ipv4:127.0.0.1:50051` or
    /// `example:///NAME`, where NAME is in `names`. Fails if `target` is none of these.
    pub fn to(target: &str, names: &Names) -> Result<Builder, launcher::Error> {
        let (resolver, authority) = target::parse(target, names)?;
        let mut builder = Self::over(resolver);
        builder.options.authority = authority;
        Ok(builder)
    }

    /// A channel to the addresses of a resolver.
    #[must_use]
    pub fn over(resolver: impl Resolver) -> Builder {
        let options = Options {
            backoff: Backoff::default(),
            connector: Box::new(|addr| tcp(addr).boxed()),
            keepalive: None,
            readiness: Arc::new(|_| stream::once(async { Ok(()) }).boxed()),
            authority: None,
        };
        Builder {
            resolver: Box::new(resolver),
            policy: Box::new(PickFirst::default()),
            options,
        }
    }

    /// Waits until the addresses are known, and each backend that the policy connects to has
    /// answered or failed. Without this, the first calls go to the backends that answer first.
    pub async fn connected(&self) {
        // An error means that the channel's task has ended. The next call reports it.
        let _ = self.current.clone().wait_for(|current| !current.connecting).await;
    }

    /// Sends a call, and returns when the headers of the response have arrived.
    pub async fn send(mut self, mut request: Request<Body>) -> Outcome {
        let deadline = Deadline::of(request.headers());
        let wait_for_ready = request.extensions().get::<WaitForReady>().is_some();
        // The task runs as long as there is a channel, unless it panics.
        let ended = |_| Status::internal("the channel's task has ended because of a panic");
        let sent = deadline.limit(async {
            loop {
                self.current.has_changed().map_err(ended)?;
                let pick = (self.current.borrow_and_update().picker)();
                match pick {
                    Pick::Use(connection) => {
                        connection.used().get_or_init(|| ());
                        match connection.send(request, deadline).await {
                            Ok(outcome) => return outcome,
                            // The connection was closed a moment ago. Another picker follows.
                            Err(unsent) => request = *unsent,
                        }
                    }
                    Pick::Fail(status) if !wait_for_ready => return Err(status),
                    Pick::Fail(_) | Pick::Wait => {}
                }
                // Waits for the next picker.
                self.current.changed().await.map_err(ended)?;
                deadline.write(request.headers_mut());
            }
        });
        sent.await?
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<ResponseBody>;
    type Error = Status;
    type Future = BoxFuture<'static, Outcome>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // The connection that has to be ready is known only after the pick.
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

    /// Opens the streams below the connections. The default is TCP. For TLS, pass a function that
    /// connects by TCP and then does the TLS handshake, with the ALPN protocol `h2`. Create stubs
    /// with an origin, such as `EchoClient::with_origin(channel, "https://localhost".parse()?)`.
    /// Its scheme is the `:scheme` of calls.
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
        self.options.readiness = readiness;
        self
    }

    /// The channel. It resolves its target at once. Must be called within a tokio runtime.
    #[must_use]
    pub fn build(self) -> Channel {
        let (picker, connecting) = (Arc::new(|| Pick::Wait), true);
        let (sender, current) = watch::channel(Current { picker, connecting });
        tokio::spawn(balance(self.resolver, self.policy, self.options, sender));
        Channel { current }
    }
}

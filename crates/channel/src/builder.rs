//! How a channel is made.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use http::uri::Authority;
use tokio::sync::watch;

use crate::{
    backoff::Backoff,
    balancer::{Current, balance},
    channel::Channel,
    handshake::{Connector, Stream, tcp},
    pick_first::PickFirst,
    policy::Policy,
    resolver::Resolver,
    state::{Readiness, always},
    subchannel::Options,
};
use futures::FutureExt;

/// The settings of a [`Channel`]; what is not set is as gRPC has it.
pub struct Builder {
    resolver: Box<dyn Resolver>,
    policy: Box<dyn Policy>,
    options: Options,
}

impl Builder {
    pub(crate) fn new(resolver: Box<dyn Resolver>, authority: Option<Authority>) -> Self {
        let options = Options {
            backoff: Backoff::default(),
            connect_timeout: Duration::from_secs(20),
            connector: boxed(tcp),
            readiness: always(),
            authority,
        };
        Self { resolver, policy: Box::new(PickFirst::default()), options }
    }

    /// The load-balancing policy, in place of `pick_first`.
    #[must_use]
    pub fn policy(self, policy: impl Policy) -> Self {
        Self { policy: Box::new(policy), ..self }
    }

    /// How long a subchannel waits before it connects anew.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.options.backoff = backoff;
        self
    }

    /// How long a connection may take, the HTTP/2 handshake included; 20 s where it is not set.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.options.connect_timeout = limit;
        self
    }

    /// Opens the streams below the connections, in place of plain TCP. TLS goes in here.
    #[must_use]
    pub fn connector<C, F, S>(mut self, connector: C) -> Self
    where
        C: Fn(SocketAddr) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<S>> + Send + 'static,
        S: Stream + 'static,
    {
        self.options.connector = boxed(connector);
        self
    }

    /// When a connection counts as ready, if it is not enough that it stands.
    #[must_use]
    pub fn ready_when(mut self, readiness: Readiness) -> Self {
        self.options.readiness = readiness;
        self
    }

    /// The channel. It begins to resolve its target at once, and connects as its policy wants.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn build(self) -> Channel {
        let (sender, current) = watch::channel(Current::resolving());
        tokio::spawn(balance(self.resolver, self.policy, self.options, sender));
        Channel { current }
    }
}

fn boxed<C, F, S>(connector: C) -> Connector
where
    C: Fn(SocketAddr) -> F + Send + Sync + 'static,
    F: Future<Output = io::Result<S>> + Send + 'static,
    S: Stream + 'static,
{
    Arc::new(move |addr| {
        connector(addr).map(|stream| Ok(Box::new(stream?) as Box<dyn Stream>)).boxed()
    })
}

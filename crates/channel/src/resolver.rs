//! Name resolvers: from the name in a target to the addresses of its backends.

use std::{future::pending, io, net::SocketAddr, time::Duration};

use futures::future::BoxFuture;
use tokio::{
    net::lookup_host,
    sync::Notify,
    time::{Instant, sleep},
};
use tracing::debug;

use crate::backoff::Backoff;

/// Finds the addresses of a target. Implement this to use a naming system of your own.
#[tonic::async_trait]
pub trait Resolver: Send + 'static {
    /// The first call returns the addresses. Each later call waits until they may have changed,
    /// and returns all of them again.
    ///
    /// `again` is notified when a connection failed or was lost, because that is a good time to
    /// look again. A resolver that receives changes by itself can ignore it.
    ///
    /// After an error, the old addresses stay in use. An empty list is not an error: it says that
    /// there is no backend, so calls fail. After either, `resolve` is called again at once, and has
    /// to wait by itself before it returns, as [`Dns`] does.
    async fn resolve(&mut self, again: &Notify) -> Result<Vec<SocketAddr>, launcher::Error>;
}

/// Addresses that are known from the start and do not change.
pub(crate) struct Fixed(pub(crate) Option<Vec<SocketAddr>>);

#[tonic::async_trait]
impl Resolver for Fixed {
    async fn resolve(&mut self, _again: &Notify) -> Result<Vec<SocketAddr>, launcher::Error> {
        match self.0.take() {
            Some(addresses) => Ok(addresses),
            None => pending().await,
        }
    }
}

/// Looks up one `HOST:PORT`.
type Lookup = dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync;

/// All addresses of some names, from the system's resolver.
///
/// DNS does not report changes. So the names are looked up again when a connection is lost, at most
/// once per interval. After a failure they are looked up again without that, with growing delays.
pub struct Dns {
    names: Vec<String>,
    interval: Duration,
    lookup: Box<Lookup>,
    /// When the last lookup started, and how long after that the next may start.
    last: Option<(Instant, Duration)>,
    /// The delays after failures. `None` if the last lookup succeeded.
    failing: Option<Box<dyn Iterator<Item = Duration> + Send>>,
    /// Whether any lookup has returned addresses.
    answered: bool,
}

impl Dns {
    /// Looks up `names`, each a `HOST:PORT`, at most once per `interval`.
    #[must_use]
    pub fn new(names: Vec<String>, interval: Duration) -> Self {
        Self::with(names, interval, |name| {
            Box::pin(async move { Ok(lookup_host(name).await?.collect()) })
        })
    }

    /// Like [`new`](Self::new), with another way to look up a name.
    #[must_use]
    pub fn with<F>(names: Vec<String>, interval: Duration, lookup: F) -> Self
    where
        F: Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>
            + Send
            + Sync
            + 'static,
    {
        let lookup = Box::new(lookup);
        Self { names, interval, lookup, last: None, failing: None, answered: false }
    }
}

#[tonic::async_trait]
impl Resolver for Dns {
    async fn resolve(&mut self, again: &Notify) -> Result<Vec<SocketAddr>, launcher::Error> {
        if let Some((started, wait)) = self.last {
            if self.failing.is_none() {
                again.notified().await;
            }
            sleep(wait.saturating_sub(started.elapsed())).await;
        }
        let started = Instant::now();
        let mut addresses = Vec::new();
        let mut failure = None;
        for name in &self.names {
            match (self.lookup)(name.clone()).await {
                Ok(found) => addresses.extend(found),
                Err(error) => failure = Some(format!("cannot look up {name}: {error}")),
            }
        }
        debug!(?addresses, ?failure, "looked up");
        if let Some(failure) = failure {
            let delays =
                self.failing.get_or_insert_with(|| Box::new(Backoff::default().delays()));
            self.last = Some((started, delays.next().unwrap_or(self.interval)));
            // Some of the names are better than none. But if all of them were found earlier, those
            // addresses are better: the backends behind the missing names may well be running.
            if addresses.is_empty() || self.answered {
                return Err(failure.into());
            }
        } else {
            self.failing = None;
            self.last = Some((started, self.interval));
        }
        self.answered = true;
        Ok(addresses)
    }
}

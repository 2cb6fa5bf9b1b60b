//! Name resolvers: from a target's name to the addresses of its backends.

use std::{future::pending, io, net::SocketAddr, time::Duration};

use futures::future::BoxFuture;
use tokio::{
    net::lookup_host,
    sync::Notify,
    time::{Instant, sleep},
};
use tracing::debug;

use crate::backoff::Backoff;

/// Finds the addresses of a target. To plug in a naming system of your own, implement this.
#[tonic::async_trait]
pub trait Resolver: Send + 'static {
    /// The addresses, when called first; after that, waits until there is news of them.
    ///
    /// `again` is notified whenever a connection was lost or failed, which is when it is worth asking
    /// once more. A resolver that is told of changes by itself does not need it.
    ///
    /// After an error the addresses that there were stay in use. An empty list is no error: it says
    /// that there is no backend. After either it is called again at once, and has to wait by itself
    /// before it answers, as [`Dns`] does.
    async fn resolve(&mut self, again: &Notify) -> Result<Vec<SocketAddr>, launcher::Error>;
}

/// Addresses that are known from the start, and do not change.
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

/// Every address of some names, as the system's resolver knows them.
///
/// DNS tells nobody of a change. So the names are looked up again when a connection is lost, but
/// not more often than the interval; and after a failure by itself, with growing delays.
pub struct Dns {
    names: Vec<String>,
    interval: Duration,
    lookup: Box<Lookup>,
    /// When the last lookup began, and how long the next has to wait. `None` before the first.
    last: Option<(Instant, Duration)>,
    /// The delays after failures; `None` when the last lookup went well.
    failing: Option<Box<dyn Iterator<Item = Duration> + Send>>,
    /// Whether there has been an answer.
    answered: bool,
}

impl Dns {
    /// Looks up `names`, each a `HOST:PORT`, and again at most once in `interval`.
    #[must_use]
    pub fn new(names: Vec<String>, interval: Duration) -> Self {
        Self::with(names, interval, move |name| {
            Box::pin(async move { Ok(lookup_host(name).await?.collect()) })
        })
    }

    /// As [`new`](Self::new), with another way to look up a name.
    #[must_use]
    pub fn with(
        names: Vec<String>,
        interval: Duration,
        lookup: impl Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            names,
            interval,
            lookup: Box::new(lookup),
            last: None,
            failing: None,
            answered: false,
        }
    }
}

#[tonic::async_trait]
impl Resolver for Dns {
    async fn resolve(&mut self, again: &Notify) -> Result<Vec<SocketAddr>, launcher::Error> {
        if let Some((asked, wait)) = self.last {
            if self.failing.is_none() {
                again.notified().await;
            }
            sleep(wait.saturating_sub(asked.elapsed())).await;
        }
        let asked = Instant::now();
        let mut addresses = Vec::new();
        let mut failure = None;
        for name in &self.names {
            match (self.lookup)(name.clone()).await {
                Ok(found) => addresses.extend(found),
                Err(error) => failure = Some(format!("cannot look up {name}: {error}")),
            }
        }
        debug!(?addresses, ?failure, "looked up");
        let Some(failure) = failure else {
            self.failing = None;
            self.last = Some((asked, self.interval));
            self.answered = true;
            return Ok(addresses);
        };
        let delays = self.failing.get_or_insert_with(|| Box::new(Backoff::default().delays()));
        self.last = Some((asked, delays.next().unwrap_or(self.interval)));
        // Some of the names are better than none. But they are not better than all of them a while
        // ago: the others' backends may be well, and be used.
        if addresses.is_empty() || self.answered {
            return Err(failure.into());
        }
        self.answered = true;
        Ok(addresses)
    }
}

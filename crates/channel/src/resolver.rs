//! Name resolvers: from the name in a target to the addresses of its backends.

use std::{io, net::SocketAddr, time::Duration};

use futures::future::BoxFuture;
use tokio::{
    net::lookup_host,
    sync::Notify,
    time::{Instant, sleep},
};
use tracing::debug;

use crate::backoff::Backoff;

/// Finds the addresses of a target. Implement this to use another naming system.
#[tonic::async_trait]
pub trait Resolver: Send + 'static {
    /// The first call returns the addresses. Each later call waits until they may have changed,
    /// and returns all of them again.
    ///
    /// `again` is notified when a connection failed or was lost, because that is a good time to
    /// look again. A resolver that receives changes by itself can ignore it.
    ///
    /// After an error, the old addresses stay in use. With an empty list, calls fail. After either,
    /// `resolve` is called again at once, so it has to pause by itself, as [`Dns`] does.
    async fn resolve(&mut self, again: &Notify) -> Result<Vec<SocketAddr>, launcher::Error>;
}

/// The addresses of one `HOST:PORT`.
type Lookup = BoxFuture<'static, io::Result<Vec<SocketAddr>>>;

/// All addresses of some names. DNS does not report changes, so it looks the names up again when a
/// connection is lost, at most once per interval, and after a failure, with growing delays.
pub struct Dns {
    names: Vec<String>,
    interval: Duration,
    lookup: Box<dyn Fn(String) -> Lookup + Send + Sync>,
    /// When the last lookup started.
    last: Option<Instant>,
    /// How many lookups have failed since the last success.
    failures: u32,
    /// Whether any lookup has returned addresses.
    answered: bool,
}

impl Dns {
    /// Looks up `names`, each a `HOST:PORT`. The lookup is usually [`Dns::system`].
    #[must_use]
    pub fn new(
        names: Vec<String>,
        interval: Duration,
        lookup: impl Fn(String) -> Lookup + Send + Sync + 'static,
    ) -> Self {
        let lookup = Box::new(lookup);
        Self { names, interval, lookup, last: None, failures: 0, answered: false }
    }

    /// Looks up a `HOST:PORT` with the system's resolver. An address resolves to itself.
    #[must_use]
    pub fn system(name: String) -> Lookup {
        Box::pin(async { Ok(lookup_host(name).await?.collect()) })
    }
}

#[tonic::async_trait]
impl Resolver for Dns {
    async fn resolve(&mut self, again: &Notify) -> Result<Vec<SocketAddr>, launcher::Error> {
        if let Some(last) = self.last {
            let delay = if let Some(retries) = self.failures.checked_sub(1) {
                Backoff::default().delay(retries)
            } else {
                again.notified().await;
                self.interval
            };
            sleep(delay.saturating_sub(last.elapsed())).await;
        }
        self.last = Some(Instant::now());
        let (mut addresses, mut failure) = (Vec::new(), None);
        for name in &self.names {
            match (self.lookup)(name.clone()).await {
                Ok(found) => addresses.extend(found),
                Err(error) => failure = Some(format!("cannot look up {name}: {error}")),
            }
        }
        debug!(?addresses, ?failure, "looked up");
        self.failures = if failure.is_some() { self.failures.saturating_add(1) } else { 0 };
        match failure {
            // The addresses of some names are better than none. But if all names were found
            // earlier, the old addresses are better: those backends may well be running.
            Some(failure) if addresses.is_empty() || self.answered => Err(failure.into()),
            _ => {
                self.answered = true;
                Ok(addresses)
            }
        }
    }
}

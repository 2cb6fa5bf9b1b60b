//! How long to wait before the next attempt: gRPC's connection backoff.

use std::time::Duration;

/// Exponential backoff with jitter.
///
/// The default is the one of gRPC's `doc/connection-backoff.md` as grpc-go and grpc-java have it:
/// 1 s, then 1.6 times as long each time, up to 120 s, give or take a fifth.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The first delay.
    pub initial: Duration,
    /// What each delay is multiplied with to get the next.
    pub factor: f64,
    /// How much of a delay chance may add or take away. Without it, all the clients of a backend that
    /// went away would come back in the same instant.
    pub jitter: f64,
    /// No delay is longer, but for the jitter.
    pub max: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            factor: 1.6,
            jitter: 0.2,
            max: Duration::from_secs(120),
        }
    }
}

impl Backoff {
    /// The delays, from the first on; they have no end.
    pub fn delays(self) -> impl Iterator<Item = Duration> + Send + 'static {
        let next = move |delay: &f64| Some((delay * self.factor).min(self.max.as_secs_f64()));
        let first = self.initial.min(self.max).as_secs_f64();
        std::iter::successors(Some(first), next).map(move |delay| {
            let chance = self.jitter * (2.0 * fastrand::f64() - 1.0);
            // What is not a duration, because of numbers that make no sense, is the longest delay.
            Duration::try_from_secs_f64(delay * (1.0 + chance)).unwrap_or(self.max)
        })
    }
}

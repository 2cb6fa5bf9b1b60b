//! How long to wait before the next attempt.

use std::time::Duration;

/// Exponential backoff with jitter. The default is gRPC's connection backoff (grpc/grpc,
/// `doc/connection-backoff.md`) with the numbers of grpc-go and grpc-java.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The first delay.
    pub initial: Duration,
    /// Each delay is this many times as long as the one before.
    pub factor: f64,
    /// The part of a delay that is random, from 0 to 1. Without jitter, all clients of a backend
    /// that failed would come back in the same instant.
    pub jitter: f64,
    /// The longest delay, before jitter.
    pub max: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        let (initial, max) = (Duration::from_secs(1), Duration::from_secs(120));
        Self { initial, factor: 1.6, jitter: 0.2, max }
    }
}

impl Backoff {
    /// The delay before an attempt. `retries` counts the retries before it.
    #[must_use]
    pub fn delay(self, retries: u32) -> Duration {
        let growth = self.factor.powf(retries.into()).min(f64::MAX);
        let delay = (self.initial.as_secs_f64() * growth).min(self.max.as_secs_f64());
        let random = self.jitter * (2.0 * fastrand::f64() - 1.0);
        // Settings that make no sense, such as a negative factor, give the longest delay.
        Duration::try_from_secs_f64(delay * (1.0 + random)).unwrap_or(self.max)
    }
}

//! The states of a subchannel, and what makes it ready.

use std::{fmt, sync::Arc};

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};

use tokio::time::Instant;

use crate::connection::Connection;

/// The connectivity states of gRPC (grpc/grpc, `doc/connectivity-semantics-and-api.md`).
#[derive(Clone)]
pub enum State {
    /// No connection, and none is wanted.
    Idle,
    /// A connection is on its way.
    Connecting,
    /// The connection stands.
    Ready(Connection),
    /// The last attempt failed, and it is not yet time for the next.
    TransientFailure,
    /// It has been given up, for good.
    Shutdown,
}

impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Idle => "IDLE",
            Self::Connecting => "CONNECTING",
            Self::Ready(_) => "READY",
            Self::TransientFailure => "TRANSIENT_FAILURE",
            Self::Shutdown => "SHUTDOWN",
        })
    }
}

/// A failed attempt.
#[derive(Clone, Debug)]
pub struct Failure {
    /// When it failed.
    pub at: Instant,
    /// The address and the reason.
    pub reason: String,
}

/// Says of a connection that stands whether calls may be sent on it, and again when that changes.
pub type Readiness =
    Arc<dyn Fn(Connection) -> BoxStream<'static, Result<(), launcher::Error>> + Send + Sync>;

/// A connection is ready as soon as it stands.
pub(crate) fn always() -> Readiness {
    Arc::new(|_| stream::once(async { Ok(()) }).chain(stream::pending()).boxed())
}

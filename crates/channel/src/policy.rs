//! Load-balancing policies: which subchannels connect, and which one each call goes to
//! (grpc/grpc, `doc/load-balancing.md`).

use std::sync::Arc;

use tonic::Status;

use crate::{connection::Connection, state::State, subchannel::Subchannel};

/// Decides over the subchannels of a channel. To plug in a policy of your own, implement this.
pub trait Policy: Send + 'static {
    /// Called at every change, be it of the list of subchannels or of the state of one. Asks those
    /// to connect that should, and says how calls are picked until the next change.
    ///
    /// The list is in the resolver's order, and never empty.
    fn update(&mut self, subchannels: &[Arc<Subchannel>]) -> Picker;
}

/// Picks a connection for one call. Many calls do so at the same time, and none must wait in here.
pub type Picker = Arc<dyn Fn() -> Pick + Send + Sync>;

/// What becomes of a call.
pub enum Pick {
    /// It goes out on this connection.
    Use(Connection),
    /// It waits for the next picker.
    Wait,
    /// It fails with this status, or if it is to wait for ready, waits.
    Fail(Status),
}

/// The connections that stand.
#[must_use]
pub fn ready(subchannels: &[Arc<Subchannel>]) -> Vec<Connection> {
    let connection = |subchannel: &Arc<Subchannel>| match subchannel.state() {
        State::Ready(connection) => Some(connection),
        _ => None,
    };
    subchannels.iter().filter_map(connection).collect()
}

/// The picker while no connection stands: calls wait for one that is on its way, and fail with the
/// last error when all have failed, also while they try again.
#[must_use]
pub fn not_ready(subchannels: &[Arc<Subchannel>]) -> Picker {
    let failures = subchannels.iter().map(|subchannel| subchannel.failure());
    let failures = failures.collect::<Option<Vec<_>>>();
    match failures.and_then(|failures| failures.into_iter().max_by_key(|failure| failure.at)) {
        Some(last) => {
            fail(format!("no backend can be reached; the last error: {}", last.reason))
        }
        None => Arc::new(|| Pick::Wait),
    }
}

/// Fails every call with UNAVAILABLE.
pub(crate) fn fail(message: String) -> Picker {
    let status = Status::unavailable(message);
    Arc::new(move || Pick::Fail(status.clone()))
}

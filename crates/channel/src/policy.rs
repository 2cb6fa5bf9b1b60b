//! Load-balancing policies: which subchannels connect, and which of them each call uses (grpc/grpc,
//! `doc/load-balancing.md`).

use std::sync::Arc;

use tonic::Status;

use crate::{
    connection::Connection,
    subchannel::{State, Subchannel},
};

/// Decides about the subchannels of a channel. Implement this for a policy of your own.
pub trait Policy: Send + 'static {
    /// Called after each change of the list of subchannels or of the state of one. Connects the
    /// subchannels that should be connected, and returns how calls are picked until the next
    /// change.
    ///
    /// The list is in the resolver's order, and never empty.
    fn update(&mut self, subchannels: &[Arc<Subchannel>]) -> Picker;
}

/// Picks a connection for one call. Many threads call it at the same time, so it must not block.
pub type Picker = Arc<dyn Fn() -> Pick + Send + Sync>;

/// What happens to a call.
pub enum Pick {
    /// It is sent on this connection.
    Use(Connection),
    /// It waits for the next picker.
    Wait,
    /// It fails with this status, or waits if it is wait-for-ready.
    Fail(Status),
}

/// The connections of the subchannels that are READY.
#[must_use]
pub fn ready(subchannels: &[Arc<Subchannel>]) -> Vec<Connection> {
    let connection = |subchannel: &Arc<Subchannel>| match subchannel.state() {
        State::Ready(connection) => Some(connection),
        _ => None,
    };
    subchannels.iter().filter_map(connection).collect()
}

/// The picker while no subchannel is READY. Calls wait for an attempt to connect. Once every
/// backend has failed, they fail, also during the next attempts.
#[must_use]
pub fn not_ready(subchannels: &[Arc<Subchannel>]) -> Picker {
    let failures = subchannels.iter().map(|subchannel| subchannel.failure());
    let failures = failures.collect::<Option<Vec<_>>>();
    match failures.and_then(|mut failures| failures.pop()) {
        Some(failure) => fail(format!("no backend can be reached; one error: {failure}")),
        None => Arc::new(|| Pick::Wait),
    }
}

/// Fails every call with UNAVAILABLE.
pub(crate) fn fail(message: String) -> Picker {
    let status = Status::unavailable(message);
    Arc::new(move || Pick::Fail(status.clone()))
}

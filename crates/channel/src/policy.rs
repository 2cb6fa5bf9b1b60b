//! Load-balancing policies: which subchannels connect, and which of them each call uses (grpc/grpc,
//! `doc/load-balancing.md`).

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tonic::Status;

use crate::{
    connection::Connection,
    subchannel::{SLOW, State, Subchannel},
};

/// Decides about the subchannels of a channel. Implement this for another policy.
pub trait Policy: Send + 'static {
    /// Called after each change of the list of subchannels or of the state of one. Connects the
    /// subchannels that should be connected, and returns how calls are picked until the next
    /// change. The list is in the resolver's order, and never empty.
    fn update(&mut self, subchannels: &[Arc<Subchannel>]) -> Picker;
}

/// Picks a connection for one call. Many threads call it at the same time, so it must not block.
pub type Picker = Arc<dyn Fn() -> Pick + Send + Sync>;

/// The decision about a call.
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
/// backend has failed, calls fail, also during the next attempts.
#[must_use]
pub fn not_ready(subchannels: &[Arc<Subchannel>]) -> Picker {
    let failures = subchannels.iter().map(|subchannel| subchannel.failure());
    // The last failure, or `None` if a backend has not failed.
    match failures.reduce(Option::and).flatten() {
        Some(failure) => fail(&format!("no backend can be reached; one error: {failure}")),
        None => Arc::new(|| Pick::Wait),
    }
}

/// Fails every call with UNAVAILABLE.
pub(crate) fn fail(message: &str) -> Picker {
    let status = Status::unavailable(message);
    Arc::new(move || Pick::Fail(status.clone()))
}

/// `round_robin`: connects to all addresses, and sends one call to each subchannel that is READY
/// before the first gets its second.
#[derive(Debug, Default)]
pub struct RoundRobin {
    /// Whose turn it is. All pickers share it. If each picker started from 0, the first backends
    /// would get more calls than the others.
    turn: Arc<AtomicUsize>,
}

impl Policy for RoundRobin {
    fn update(&mut self, subchannels: &[Arc<Subchannel>]) -> Picker {
        for subchannel in subchannels {
            subchannel.connect();
        }
        let ready = ready(subchannels);
        if ready.is_empty() {
            return not_ready(subchannels);
        }
        let turn = Arc::clone(&self.turn);
        Arc::new(move || {
            // The calls share only this counter. An overflow wraps around.
            let turn = turn.fetch_add(1, Ordering::Relaxed) % ready.len();
            ready.get(turn).cloned().map_or(Pick::Wait, Pick::Use)
        })
    }
}

/// `pick_first`, gRPC's default: tries the addresses in order, and stays with the first that
/// answers. When that connection is lost, the next call starts again with the first address.
///
/// A slow attempt does not hold up the others: after 250 ms the next address is tried as well, and
/// the first connection wins ("Happy Eyeballs", gRFC A61). The other attempts are cancelled.
#[derive(Debug, Default)]
pub struct PickFirst {
    /// The address that it stays with.
    selected: Option<SocketAddr>,
}

impl Policy for PickFirst {
    fn update(&mut self, subchannels: &[Arc<Subchannel>]) -> Picker {
        let ready = ready(subchannels);
        let selected = ready.iter().find(|connection| Some(connection.addr()) == self.selected);
        if let Some(connection) = selected.or(ready.first()).cloned() {
            let addr = connection.addr();
            self.selected = Some(addr);
            let others = subchannels.iter().filter(|subchannel| subchannel.addr() != addr);
            others.for_each(|subchannel| subchannel.disconnect());
            return Arc::new(move || Pick::Use(connection.clone()));
        }

        let failed = |subchannel: &Arc<Subchannel>| subchannel.failure().is_some();
        let attempts = subchannels.iter().filter_map(|subchannel| match subchannel.state() {
            State::Connecting(since) => Some(since),
            _ => None,
        });
        let latest = attempts.max();
        // There was no call yet, or none since the connection was lost.
        let unused = latest.is_none() && !subchannels.iter().any(failed);
        if let Some(first) = subchannels.first().filter(|_| unused).cloned() {
            return Arc::new(move || {
                first.connect();
                Pick::Wait
            });
        }
        if latest.is_none_or(|since| since.elapsed() >= SLOW) {
            let idle =
                |subchannel: &&Arc<_>| matches!(Subchannel::state(subchannel), State::Idle);
            let mut idle = subchannels.iter().filter(idle);
            // Once all have failed, they are tried again, one at a time.
            let again = idle.clone().next().filter(|_| latest.is_none());
            if let Some(next) = idle.find(|subchannel| !failed(subchannel)).or(again) {
                next.connect();
            }
        }
        not_ready(subchannels)
    }
}

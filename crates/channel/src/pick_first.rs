//! `pick_first`: all calls go to the first address that answers.

use std::{net::SocketAddr, sync::Arc};

use crate::{
    policy::{Pick, Picker, Policy, not_ready, ready},
    subchannel::{SLOW, State, Subchannel},
};

/// Tries the addresses in order, and stays with the first that answers. When that connection is
/// lost, the next call starts again with the first address. This is gRPC's default.
///
/// An attempt that is slow does not hold up the others: after 250 ms the next address is tried as
/// well, and the first connection wins ("Happy Eyeballs", gRFC A61). The other attempts are
/// cancelled.
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
        let last_attempt = attempts.max();
        let mut idle = subchannels
            .iter()
            .filter(|subchannel| matches!(subchannel.state(), State::Idle))
            .peekable();

        if let Some(first) = idle.peek().map(|first| Arc::clone(first))
            && last_attempt.is_none_or(|since| since.elapsed() >= SLOW)
        {
            if last_attempt.is_none() && !subchannels.iter().any(failed) {
                // There was no call yet, or none since the connection was lost.
                return Arc::new(move || {
                    first.connect();
                    Pick::Wait
                });
            }
            match idle.find(|subchannel| !failed(subchannel)) {
                Some(next) => next.connect(),
                // All have failed. They are tried again, one at a time.
                None if last_attempt.is_none() => first.connect(),
                None => {}
            }
        }
        if subchannels.iter().all(failed) {
            return not_ready(subchannels);
        }
        Arc::new(|| Pick::Wait)
    }
}

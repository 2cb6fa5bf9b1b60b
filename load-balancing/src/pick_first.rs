//! `pick_first`: the first address that answers gets all calls.

use std::{collections::HashSet, net::SocketAddr, sync::Arc};

use crate::{
    policy::{Pick, Picker, Policy, not_ready, ready},
    state::State,
    subchannel::Subchannel,
};

/// Tries the addresses in order, one at a time, and stays with the first that answers. When its
/// connection is lost, the next call starts over from the first address. This is gRPC's default.
#[derive(Debug, Default)]
pub struct PickFirst {
    /// The address that it stays with.
    selected: Option<SocketAddr>,
    /// The addresses that have failed since a connection stood.
    failed: HashSet<SocketAddr>,
}

impl Policy for PickFirst {
    fn update(&mut self, subchannels: &[Arc<Subchannel>]) -> Picker {
        let ready = ready(subchannels);
        let stay = ready.iter().find(|connection| Some(connection.addr()) == self.selected);
        if let Some(connection) = stay.or(ready.first()).cloned() {
            self.selected = Some(connection.addr());
            self.failed.clear();
            return Arc::new(move || Pick::Use(connection.clone()));
        }

        let has_failed = |subchannel: &&Arc<Subchannel>| {
            matches!(subchannel.state(), State::TransientFailure)
                || self.failed.contains(&subchannel.addr())
        };
        self.failed = subchannels.iter().filter(has_failed).map(|sub| sub.addr()).collect();
        let is_idle = |subchannel: &&Arc<Subchannel>| matches!(subchannel.state(), State::Idle);
        let mut idle = subchannels.iter().filter(is_idle);
        let connecting = subchannels.iter().any(|sub| matches!(sub.state(), State::Connecting));

        match idle.clone().next().cloned() {
            // Nobody has called yet, or nobody since the connection was lost.
            Some(first) if self.failed.is_empty() && !connecting => Arc::new(move || {
                first.connect();
                Pick::Wait
            }),
            Some(first) if !connecting => {
                // Those that were tried come after those that were not.
                idle.find(|sub| !self.failed.contains(&sub.addr())).unwrap_or(&first).connect();
                self.picker(subchannels)
            }
            _ => self.picker(subchannels),
        }
    }
}

impl PickFirst {
    /// Calls wait until each address has been tried.
    fn picker(&self, subchannels: &[Arc<Subchannel>]) -> Picker {
        if self.failed.len() < subchannels.len() {
            return Arc::new(|| Pick::Wait);
        }
        not_ready(subchannels)
    }
}

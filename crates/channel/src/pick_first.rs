//! `pick_first`: the first address that answers gets all calls.

use std::{net::SocketAddr, sync::Arc};

use tokio::time::Instant;

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
    /// When a connection last stood. What has failed before that may be tried again.
    stood: Option<Instant>,
}

impl Policy for PickFirst {
    fn update(&mut self, subchannels: &[Arc<Subchannel>]) -> Picker {
        let ready = ready(subchannels);
        let stay = ready.iter().find(|connection| Some(connection.addr()) == self.selected);
        if let Some(connection) = stay.or(ready.first()).cloned() {
            self.selected = Some(connection.addr());
            self.stood = Some(Instant::now());
            return Arc::new(move || Pick::Use(connection.clone()));
        }

        let failed = |subchannel: &Arc<Subchannel>| {
            matches!(subchannel.state(), State::TransientFailure)
                || subchannel.failure().is_some_and(|failure| Some(failure.at) > self.stood)
        };
        let connecting = subchannels.iter().any(|sub| matches!(sub.state(), State::Connecting));
        let mut idle = subchannels.iter().filter(|sub| matches!(sub.state(), State::Idle));

        if let Some(first) = idle.clone().next().cloned()
            && !connecting
        {
            if !subchannels.iter().any(failed) {
                // Nobody has called yet, or nobody since the connection was lost.
                return Arc::new(move || {
                    first.connect();
                    Pick::Wait
                });
            }
            // Those that have failed come after those that have not.
            idle.find(|sub| !failed(sub)).unwrap_or(&first).connect();
        }
        if subchannels.iter().all(failed) {
            return not_ready(subchannels);
        }
        Arc::new(|| Pick::Wait)
    }
}

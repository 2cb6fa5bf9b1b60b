//! `round_robin`: each connection in turn.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::{
    policy::{Pick, Picker, Policy, not_ready, ready},
    subchannel::Subchannel,
};

/// Connects to all addresses, and gives each ready subchannel one call after the other.
#[derive(Debug, Default)]
pub struct RoundRobin {
    /// Whose turn it is. It goes on when the picker is replaced; were it to start anew with every
    /// change, the first backends would get more than the others.
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
            // The counter is all that calls share. It may overflow: it wraps round.
            let turn = turn.fetch_add(1, Ordering::Relaxed) % ready.len();
            ready.get(turn).cloned().map_or(Pick::Wait, Pick::Use)
        })
    }
}

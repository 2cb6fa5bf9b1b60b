//! `round_robin`: each connection in turn.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::{
    policy::{Pick, Picker, Policy, not_ready, ready},
    subchannel::Subchannel,
};

/// Connects to all addresses, and sends one call to each subchannel that is READY before the first
/// gets its second.
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
            // The calls share nothing but this counter. An overflow wraps around.
            let turn = turn.fetch_add(1, Ordering::Relaxed) % ready.len();
            ready.get(turn).cloned().map_or(Pick::Wait, Pick::Use)
        })
    }
}

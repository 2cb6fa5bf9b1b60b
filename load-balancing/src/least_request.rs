//! `least_request`: a policy of one's own.
//!
//! Turns are fair in the number of calls, and not in their cost: a backend that is slow has more and
//! more of them in flight. This one looks at that number. It has the name and the idea from gRFC A48.

use std::sync::Arc;

use channel::{Pick, Picker, Policy, Subchannel, not_ready, ready};

/// Connects to all addresses, and sends a call to that one of two ready subchannels, taken at random,
/// that has fewer calls in flight.
///
/// Two are enough, and cost the same for any number of backends. To look for the least of all would
/// take longer the more there are, and would send all clients to the same one.
#[derive(Debug, Default)]
pub struct LeastRequest;

impl Policy for LeastRequest {
    fn update(&mut self, subchannels: &[Arc<Subchannel>]) -> Picker {
        for subchannel in subchannels {
            subchannel.connect();
        }
        let ready = ready(subchannels);
        if ready.is_empty() {
            return not_ready(subchannels);
        }
        Arc::new(move || {
            let one = fastrand::choice(&ready);
            let other = fastrand::choice(&ready);
            let fewer =
                one.into_iter().chain(other).min_by_key(|connection| connection.calls());
            fewer.cloned().map_or(Pick::Wait, Pick::Use)
        })
    }
}

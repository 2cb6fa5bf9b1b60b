//! `least_request`: a policy of our own.
//!
//! `round_robin` gives each backend the same number of calls. If the calls of one backend take
//! longer, more and more of them are in flight there. This policy looks at that number. gRFC A48
//! describes it.

use std::sync::Arc;

use channel::{Pick, Picker, Policy, Subchannel, not_ready, ready};

/// Connects to all addresses. For each call it takes two ready subchannels at random, and uses the
/// one with fewer calls in flight.
///
/// Looking at two costs the same for any number of backends. Looking at all would take longer the
/// more there are, and all clients would send their calls to the same backend.
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
            let two = fastrand::choice(&ready).into_iter().chain(fastrand::choice(&ready));
            let fewer = two.min_by_key(|connection| connection.calls());
            fewer.cloned().map_or(Pick::Wait, Pick::Use)
        })
    }
}

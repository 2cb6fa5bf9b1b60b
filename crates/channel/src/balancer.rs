//! The task behind a channel: it connects the resolver, the subchannels and the policy.

use std::{mem, pin::pin, sync::Arc};

use futures::{StreamExt, stream};
use tokio::{select, sync::watch};

use crate::{
    policy::{Picker, Policy, fail},
    resolver::Resolver,
    subchannel::{Options, Shared, State, Subchannel},
};

/// The picker that calls use until the next change.
#[derive(Clone)]
pub(crate) struct Current {
    pub(crate) picker: Picker,
    /// Whether the first addresses, or the first attempts to connect, are still under way.
    pub(crate) connecting: bool,
}

/// Runs until all clones of the channel, which hold the other end of `current`, are dropped.
pub(crate) async fn balance(
    resolver: Box<dyn Resolver>,
    mut policy: Box<dyn Policy>,
    options: Options,
    current: watch::Sender<Current>,
) {
    let shared = Arc::new(Shared::new(options));
    // Ends the attempts to connect when this task ends.
    let _end = shared.ended.clone().drop_guard();

    // A stream, because `select!` drops the futures of the other branches, and a lookup must not
    // start again after each change of a state.
    let mut answers = pin!(stream::unfold(resolver, async |mut resolver| {
        Some((resolver.resolve(&shared.resolve).await, resolver))
    }));

    let mut subchannels = Vec::<Arc<Subchannel>>::new();
    // Why there are no subchannels.
    let mut reason = None;
    loop {
        select! {
            () = current.closed() => return,
            () = shared.ended.cancelled() => return,
            () = shared.changed.notified() => {}
            Some(answer) = answers.next() => match answer {
                Ok(addresses) => {
                    // Keeps the subchannels whose addresses are still in the list.
                    let mut old = mem::take(&mut subchannels);
                    for addr in addresses {
                        let is_it = |subchannel: &Arc<Subchannel>| subchannel.addr() == addr;
                        if !subchannels.iter().any(is_it) {
                            let kept = old.iter().position(is_it).map(|at| old.swap_remove(at));
                            let create = || Arc::new(Subchannel::new(addr, Arc::clone(&shared)));
                            subchannels.push(kept.unwrap_or_else(create));
                        }
                    }
                    for gone in old {
                        gone.end(State::Shutdown);
                    }
                    if subchannels.is_empty() {
                        shared.resolve.notify_one();
                    }
                    reason = Some("the resolver has no addresses".to_owned());
                }
                Err(error) => reason = Some(error.to_string()),
            },
        }
        let picker = match &reason {
            _ if !subchannels.is_empty() => policy.update(&subchannels),
            Some(reason) => fail(reason),
            None => continue,
        };
        let connecting = subchannels.iter().any(|subchannel| {
            matches!(subchannel.state(), State::Connecting(_)) && subchannel.failure().is_none()
        });
        current.send_replace(Current { picker, connecting });
    }
}

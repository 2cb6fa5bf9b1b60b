//! The task behind a channel. It creates and drops subchannels as the resolver says, and replaces
//! the picker as the policy says.

use std::{net::SocketAddr, panic::resume_unwind, sync::Arc};

use futures::{StreamExt, stream};
use tokio::{select, sync::watch, task::JoinSet};

use crate::{
    policy::{Picker, Policy, fail},
    resolver::Resolver,
    subchannel::{News, Options, State, Subchannel},
};

/// What the calls of a channel use until the next change.
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
    options: Arc<Options>,
    current: watch::Sender<Current>,
) {
    let news = Arc::new(News::default());
    // The tasks of the subchannels. They end with this one.
    let mut tasks = JoinSet::new();

    // A stream, because `select!` drops the futures of the other branches, and a lookup must not
    // start again after each change of a state.
    let answers = stream::unfold((resolver, Arc::clone(&news)), |(mut resolver, news)| async {
        Some((resolver.resolve(&news.resolve).await, (resolver, news)))
    });
    let mut answers = Box::pin(answers);

    let mut subchannels = Vec::new();
    // Why there are no subchannels.
    let mut reason = None;
    loop {
        select! {
            () = current.closed() => return,
            Some(answer) = answers.next() => match answer {
                Ok(addresses) => {
                    if addresses.is_empty() {
                        news.resolve.notify_one();
                    }
                    subchannels = reconcile(subchannels, addresses, |addr| {
                        let (options, news) = (Arc::clone(&options), Arc::clone(&news));
                        let subchannel = Arc::new(Subchannel::new(addr, options, news));
                        tasks.spawn(Arc::clone(&subchannel).run());
                        subchannel
                    });
                    reason = Some("the resolver has no addresses".to_owned());
                }
                Err(error) => reason = Some(error.to_string()),
            },
            () = news.changed.notified() => {}
            Some(ended) = tasks.join_next() => match ended.map_err(tokio::task::JoinError::try_into_panic) {
                // A panic ends the channel, and its calls fail. Otherwise they would wait for a
                // subchannel that never changes again.
                Err(Ok(panic)) => resume_unwind(panic),
                // A subchannel that was shut down.
                _ => continue,
            },
        }
        let picker = match &reason {
            _ if !subchannels.is_empty() => policy.update(&subchannels),
            Some(reason) => fail(reason.clone()),
            None => continue,
        };
        let connecting = subchannels.iter().any(|subchannel| {
            matches!(subchannel.state(), State::Connecting(_)) && subchannel.failure().is_none()
        });
        current.send_replace(Current { picker, connecting });
    }
}

/// Keeps the subchannels whose addresses are still in the list, creates the missing ones, and shuts
/// down the others.
fn reconcile(
    mut old: Vec<Arc<Subchannel>>,
    addresses: Vec<SocketAddr>,
    mut create: impl FnMut(SocketAddr) -> Arc<Subchannel>,
) -> Vec<Arc<Subchannel>> {
    let mut new = Vec::<Arc<Subchannel>>::new();
    for addr in addresses {
        if new.iter().any(|subchannel| subchannel.addr() == addr) {
            continue;
        }
        match old.iter().position(|subchannel| subchannel.addr() == addr) {
            Some(at) => new.push(old.swap_remove(at)),
            None => new.push(create(addr)),
        }
    }
    for subchannel in &old {
        subchannel.shut_down();
    }
    new
}

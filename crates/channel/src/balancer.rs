//! The task behind a channel: it keeps the subchannels as the resolver says, and the picker as the
//! policy says.

use std::{net::SocketAddr, sync::Arc};

use futures::{StreamExt, stream};
use tokio::{select, sync::watch};
use tokio_util::sync::CancellationToken;

use crate::{
    policy::{Pick, Picker, Policy, fail},
    resolver::Resolver,
    state::State,
    subchannel::{News, Options, Subchannel},
};

/// What the calls of a channel go by, until it is replaced.
#[derive(Clone)]
pub(crate) struct Current {
    pub(crate) picker: Picker,
    /// Whether the addresses, or a connection that has not failed before, are on their way.
    pub(crate) connecting: bool,
}

impl Current {
    /// Before the first addresses have come.
    pub(crate) fn resolving() -> Self {
        Self { picker: Arc::new(|| Pick::Wait), connecting: true }
    }
}

/// Runs until all clones of the channel, which hold the other end of `current`, are gone.
pub(crate) async fn balance(
    resolver: Box<dyn Resolver>,
    mut policy: Box<dyn Policy>,
    options: Options,
    current: watch::Sender<Current>,
) {
    let news = Arc::new(News::default());
    // However this ends, the subchannels end with it.
    let shutdown = CancellationToken::new();
    let _guard = shutdown.clone().drop_guard();

    // As a stream, so that a lookup goes on when another branch of `select!` is taken, which drops
    // the futures of the others.
    let answers = stream::unfold((resolver, Arc::clone(&news)), |(mut resolver, news)| async {
        Some((resolver.resolve(&news.resolve).await, (resolver, news)))
    });
    let mut answers = Box::pin(answers);

    let mut subchannels = Vec::new();
    let mut nowhere = None;
    loop {
        select! {
            () = current.closed() => return,
            Some(answer) = answers.next() => match answer {
                Ok(addresses) => {
                    if addresses.is_empty() {
                        news.resolve.notify_one();
                    }
                    subchannels = reconcile(subchannels, addresses, |addr| {
                        let shutdown = shutdown.child_token();
                        Subchannel::new(addr, options.clone(), Arc::clone(&news), shutdown)
                    });
                    nowhere = Some("the resolver knows of no backend".to_owned());
                }
                Err(error) => nowhere = Some(error.to_string()),
            },
            () = news.changed.notified() => {}
        }
        let picker = match &nowhere {
            _ if !subchannels.is_empty() => policy.update(&subchannels),
            Some(why) => fail(why.clone()),
            None => continue,
        };
        let connecting = subchannels.iter().any(|subchannel| {
            matches!(subchannel.state(), State::Connecting) && subchannel.failure().is_none()
        });
        current.send_replace(Current { picker, connecting });
    }
}

/// Keeps the subchannels whose addresses are still there, makes those that are missing, and gives up
/// the others.
fn reconcile(
    mut old: Vec<Arc<Subchannel>>,
    addresses: Vec<SocketAddr>,
    make: impl Fn(SocketAddr) -> Arc<Subchannel>,
) -> Vec<Arc<Subchannel>> {
    let mut new = Vec::<Arc<Subchannel>>::new();
    for addr in addresses {
        if new.iter().any(|subchannel| subchannel.addr() == addr) {
            continue;
        }
        match old.iter().position(|subchannel| subchannel.addr() == addr) {
            Some(at) => new.push(old.swap_remove(at)),
            None => new.push(make(addr)),
        }
    }
    for subchannel in old {
        subchannel.shut_down();
    }
    new
}

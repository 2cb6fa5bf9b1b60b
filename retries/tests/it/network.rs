//! A channel on a network in memory.

use std::future::ready;

use channel::{Builder, Channel, Names};

pub(crate) use testing::network::{Network, settle};

/// A channel to the backends with these numbers.
pub(crate) fn channel(network: &Network, numbers: &[u8]) -> Builder {
    let network = network.clone();
    let target = testing::network::target(numbers);
    let builder = Channel::to(&target, &Names::new()).expect("it is a target");
    builder.connector(move |to| ready(network.connect(to)))
}

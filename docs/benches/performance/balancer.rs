//! The channel of load-balancing, and tonic's: to one backend, to three, to a hundred.

use channel::{Channel, Names, RoundRobin};
use docs::{
    paired::Way,
    report::{Outcome, Report},
};
use load_balancing::stub::{Stub, balance_list, one_connection, stub};
use retries::{
    client::UNARY_ECHO,
    retries::{Retries, RetryPolicy},
};

use crate::{
    echo::{self, hello},
    sides::{CALLERS, Sides, shared},
};

pub(crate) fn measure(report: &Report, sides: &Sides) -> Outcome {
    compare(report, sides, 1, "balancer-1", "6,000 calls to 1 backend, 64 at a time")?;
    compare(report, sides, 3, "balancer-3", "6,000 calls to 3 backends, 64 at a time")?;
    compare(report, sides, 100, "balancer-100", "6,000 calls to 100 backends, 64 at a time")
}

fn compare(
    report: &Report,
    sides: &Sides,
    backends: usize,
    table: &str,
    title: &str,
) -> Outcome {
    let addrs = (0..backends).map(|_| echo::serve(sides)).collect::<Vec<_>>();
    let target = format!("ipv4:{}", addrs.join(","));
    let _runtime = sides.clients.enter();
    let channel = Channel::to(&target, &Names::new()).expect("it is a target");
    let channel = channel.policy(RoundRobin::default()).build();
    // As the others have their connections when the rounds that count begin.
    sides.clients.block_on(channel.connected());
    let calls = report.amount(6_000);
    let way = |name, stub: Stub| {
        Way::new(name, move || sides.time(shared(CALLERS, vec![stub.clone()], calls, hello)))
    };
    let ways = vec![
        way("tonic's, balance_list", balance_list(&addrs)?),
        way("tonic's, to one of them", one_connection(&addrs[0])?),
        way("round_robin", stub(channel.clone())),
        way(
            "round_robin, with retries",
            stub(Retries::new(channel).unary(UNARY_ECHO, RetryPolicy::default())),
        ),
    ];
    report.compare(table, title, ways)
}

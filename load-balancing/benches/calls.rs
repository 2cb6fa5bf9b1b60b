//! A call through one connection of tonic's, through its `balance_list`, and through the channel of this
//! crate: 64 at a time, to 1, 3 and 100 backends.
//!
//! ```text
//! cargo bench -p load-balancing --bench calls
//! ```

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use load_balancing::{
    channel::Channel,
    load::load,
    retries::Retries,
    round_robin::RoundRobin,
    server::serve,
    stub::{Stub, balance_list, one_connection, stub},
    target::Names,
};
use tokio::{net::TcpListener, runtime::Runtime};

const CALLERS: usize = 64;

/// Makes this many calls, which all have to be answered.
async fn time(stub: &Stub, calls: u64) -> Duration {
    let calls = usize::try_from(calls).expect("they can be counted");
    let start = Instant::now();
    load(stub, calls, CALLERS, async |answer| {
        answer.expect("it is answered");
    })
    .await;
    start.elapsed()
}

fn calls(criterion: &mut Criterion) {
    let clients = Runtime::new().expect("there are threads");
    let servers = Runtime::new().expect("there are threads");
    let mut group = criterion.benchmark_group("call");
    group.throughput(Throughput::Elements(1));
    for backends in [1, 3, 100] {
        let addrs = (0..backends).map(|_| {
            let listener = servers.block_on(TcpListener::bind("127.0.0.1:0"));
            let listener = listener.expect("there is a free port");
            let addr = listener.local_addr().expect("it is bound").to_string();
            servers.spawn(serve(listener, std::future::pending()));
            addr
        });
        let addrs = addrs.collect::<Vec<_>>();
        let ways = clients.block_on(async {
            let target = format!("ipv4:{}", addrs.join(","));
            let builder = Channel::to(&target, &Names::new()).expect("it is a target");
            let channel = builder.policy(RoundRobin::default()).build();
            channel.connected().await;
            [
                ("one connection", one_connection(&addrs[0]).expect("it is an address")),
                ("balance_list", balance_list(&addrs).expect("they are addresses")),
                ("round_robin", stub(channel.clone())),
                ("round_robin, retries", stub(Retries::new(channel))),
            ]
        });
        for (name, stub) in ways {
            // All connections are made before the clock runs.
            clients.block_on(time(&stub, 2_000));
            group.bench_function(BenchmarkId::new(name, backends), |bencher| {
                bencher.iter_custom(|calls| clients.block_on(time(&stub, calls)));
            });
        }
    }
}

criterion_group!(benches, calls);
criterion_main!(benches);

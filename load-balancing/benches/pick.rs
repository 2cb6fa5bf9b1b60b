//! What a pick costs by itself, among 10 and 1,000 subchannels that are ready.
//!
//! ```text
//! cargo bench -p load-balancing --bench pick
//! ```

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use channel::{
    Channel, Connector, Pick, Picker, Policy, Resolver, RoundRobin, Stream, Subchannel,
};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use load_balancing::{least_request::LeastRequest, server::Backend};
use proto::echo::echo_server::EchoServer;
use tokio::{io::duplex, runtime::Runtime, sync::Notify};
use tonic::transport::Server;

/// A policy that shows its picker.
struct Shown<P> {
    policy: P,
    picker: Arc<Mutex<Option<Picker>>>,
}

impl<P: Policy> Policy for Shown<P> {
    fn update(&mut self, subchannels: &[Arc<Subchannel>]) -> Picker {
        let picker = self.policy.update(subchannels);
        *self.picker.lock().expect("nobody panics") = Some(picker.clone());
        picker
    }
}

struct Addresses(Option<Vec<SocketAddr>>);

#[tonic::async_trait]
impl Resolver for Addresses {
    async fn resolve(&mut self, _: &Notify) -> Result<Vec<SocketAddr>, launcher::Error> {
        match self.0.take() {
            Some(addresses) => Ok(addresses),
            None => std::future::pending().await,
        }
    }
}

/// Connects every address to a server of its own, in memory.
fn in_memory() -> Connector {
    Arc::new(|addr| {
        let (ours, theirs) = duplex(1024);
        tokio::spawn(
            Server::builder()
                .add_service(EchoServer::new(Backend { addr }))
                .serve_with_incoming(tokio_stream::once(Ok::<_, std::io::Error>(theirs))),
        );
        Box::pin(async { Ok(Box::new(ours) as Box<dyn Stream>) })
    })
}

async fn picker(policy: impl Policy, backends: u16) -> (Channel, Picker) {
    let addresses = (1..=backends).map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let shown = Arc::new(Mutex::new(None));
    let channel = Channel::over(Addresses(Some(addresses.collect())))
        .policy(Shown { policy, picker: Arc::clone(&shown) })
        .connector(in_memory())
        .build();
    channel.connected().await;
    let picker = shown.lock().expect("nobody panics").clone();
    (channel, picker.expect("it has been updated"))
}

fn picks(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("there are threads");
    let mut group = criterion.benchmark_group("pick");
    for backends in [10, 1_000] {
        let round_robin = runtime.block_on(picker(RoundRobin::default(), backends));
        let least_request = runtime.block_on(picker(LeastRequest, backends));
        let ways = [("round_robin", round_robin), ("least_request", least_request)];
        for (name, (_channel, picker)) in &ways {
            assert!(matches!(picker(), Pick::Use(_)));
            group.bench_function(BenchmarkId::new(*name, backends), |bencher| {
                bencher.iter(|| picker());
            });
        }
    }
}

criterion_group!(benches, picks);
criterion_main!(benches);

//! The channel of load-balancing, and tonic's: to one backend, to three, to a hundred.

use std::future::pending;

use docs::{paired::Way, report::Report};
use load_balancing::{
    channel::Channel,
    load::load,
    round_robin::RoundRobin,
    server::serve,
    stub::{Stub, balance_list, one_connection, repeating, stub},
    target::Names,
};
use tonic::Status;

use crate::machine::{CALLERS, Machine};

pub(crate) fn measure(
    report: &Report,
    machine: &Machine,
) -> Result<(), Box<dyn std::error::Error>> {
    for (table, title, backends) in [
        ("balancer-1", "6,000 calls to 1 backend, 64 at a time", 1),
        ("balancer-3", "6,000 calls to 3 backends, 64 at a time", 3),
        ("balancer-100", "6,000 calls to 100 backends, 64 at a time", 100),
    ] {
        if report.wants(table) {
            compare(report, machine, table, title, backends)?;
        }
    }
    Ok(())
}

fn compare(
    report: &Report,
    machine: &Machine,
    table: &str,
    title: &str,
    backends: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let backend = |_| {
        let (listener, addr) = machine.listener();
        machine.servers.spawn(serve(listener, pending()));
        addr
    };
    let addrs = (0..backends).map(backend).collect::<Vec<_>>();
    let target = format!("ipv4:{}", addrs.join(","));
    let channel = machine.clients.block_on(async {
        let channel = Channel::to(&target, &Names::new()).expect("it is a target");
        let channel = channel.policy(RoundRobin::default()).build();
        channel.connected().await;
        channel
    });
    let calls = report.amount(6_000);
    let time = |stub: Stub| {
        move || {
            machine.time(async {
                let mut failed = None;
                load(&stub, calls, CALLERS, async |answer| {
                    failed = failed.take().or(answer.err());
                })
                .await;
                failed.map_or(Ok(()), Err::<(), Status>)
            })
        }
    };
    let enter = machine.clients.enter();
    let mut ways = [
        Way::new("tonic's, balance_list", time(balance_list(&addrs)?)),
        Way::new("tonic's, to one of them", time(one_connection(&addrs[0])?)),
        Way::new("round_robin", time(stub(channel.clone()))),
        Way::new("round_robin, with retries", time(repeating(channel))),
    ];
    drop(enter);
    report.compare(table, title, &mut ways)
}

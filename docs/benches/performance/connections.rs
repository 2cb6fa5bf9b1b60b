//! One connection, or many.

use docs::{
    paired::Way,
    report::{Outcome, Report},
};
use load_balancing::stub::{Stub, one_connection};

use crate::{
    echo::{self, hello},
    sides::{CALLERS, Sides, shared},
};

pub(crate) fn measure(report: &Report, sides: &Sides) -> Outcome {
    let addr = echo::serve(sides);
    many(report, sides, &addr)?;
    one_each_time(report, sides, &addr)
}

/// The same 64 callers over more and more connections.
fn many(report: &Report, sides: &Sides, addr: &str) -> Outcome {
    let calls = report.amount(3_000);
    let way = |name, connections| {
        let stubs = (0..connections).map(|_| echo::connect(sides, addr)).collect::<Vec<_>>();
        Way::new(name, move || sides.time(shared(CALLERS, stubs.clone(), calls, hello)))
    };
    let ways = vec![
        way("1 connection", 1),
        way("2 connections", 2),
        way("4 connections", 4),
        way("16 connections", 16),
        way("64 connections", 64),
    ];
    report.compare("connections-many", "3,000 calls, 64 at a time", ways)
}

/// A connection that is kept, or a new one each time.
fn one_each_time(report: &Report, sides: &Sides, addr: &str) -> Outcome {
    let calls = report.amount(100);
    let kept = echo::connect(sides, addr);
    let new = async |addr: String, calls| {
        for _ in 0..calls {
            let stub: Stub = one_connection(&addr).expect("it is an address");
            hello(stub, 1).await?;
        }
        Ok(())
    };
    let ways = vec![
        Way::new("1 connection", || sides.time(shared(1, vec![kept.clone()], calls, hello))),
        Way::new("a connection for each call", || {
            sides.time(shared(1, vec![addr.to_owned()], calls, new))
        }),
    ];
    report.compare("connections-new", "100 calls, one after another", ways)
}

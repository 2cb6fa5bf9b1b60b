//! The size of a message.

use docs::{
    paired::Way,
    report::{Outcome, Report},
};

use crate::{
    echo,
    sides::{CALLERS, Sides, shared},
};

pub(crate) fn measure(report: &Report, sides: &Sides) -> Outcome {
    let stub = echo::connect(sides, &echo::serve(sides));
    let calls = report.amount(200);
    let way = |name, bytes| {
        let stub = &stub;
        Way::new(name, move || {
            let call = move |stub, calls| echo::call(stub, calls, bytes);
            sides.time(shared(CALLERS, vec![stub.clone()], calls, call))
        })
    };
    let ways = vec![
        way("10 bytes", 10),
        way("100 bytes", 100),
        way("1 KiB", 1 << 10),
        way("10 KiB", 10 << 10),
        way("100 KiB", 100 << 10),
        way("1 MiB", 1 << 20),
    ];
    report.compare("size", "200 calls, 64 at a time, there and back", ways)
}

//! What stands around a call: interceptors and layers.

use docs::{paired::Way, report::Report};
use interceptors::{
    auth::{Bearer, authenticate},
    call_log::CallLog,
    served_by::ServedBy,
};
use order_management::{orders::Orders, server::service, transport::builder};
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use tonic::{
    Request, Status,
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

use crate::machine::{Machine, at_once};

pub(crate) fn measure(
    report: &Report,
    machine: &Machine,
) -> Result<(), Box<dyn std::error::Error>> {
    if !report.wants("around") {
        return Ok(());
    }
    let orders = || service(Orders::sample());
    let guarded = || InterceptedService::new(orders(), authenticate);
    let plain =
        machine.serve(|incoming| builder().add_service(orders()).serve_with_incoming(incoming));
    let intercepted = machine
        .serve(|incoming| builder().add_service(guarded()).serve_with_incoming(incoming));
    let layered = machine.serve(|incoming| {
        let server = builder().layer(ServedBy::new("server-1"));
        { server }.add_service(orders()).serve_with_incoming(incoming)
    });
    let logged = machine.serve(|incoming| {
        let server = builder().layer(CallLog::new(|_, _| {}));
        { server }.add_service(orders()).serve_with_incoming(incoming)
    });
    let all = machine.serve(|incoming| {
        let server = builder().layer(CallLog::new(|_, _| {})).layer(ServedBy::new("server-1"));
        { server }.add_service(guarded()).serve_with_incoming(incoming)
    });

    let calls = report.amount(3_000);
    let way = |name, addr: &str, bearer: Option<Bearer>| {
        let clients = [InterceptedService::new(machine.connect(addr), Optional(bearer))];
        Way::new(name, move || machine.time(at_once(&clients, calls, call)))
    };
    let bearer = || Some(Bearer::default());
    let mut ways = [
        way("nothing", &plain, None),
        way("a token from the client, not looked at", &plain, bearer()),
        way("a token, and authenticate", &intercepted, bearer()),
        way("the layer ServedBy", &layered, None),
        way("the layer CallLog, heard by nobody", &logged, None),
        way("a token, authenticate, both layers", &all, bearer()),
    ];
    report.compare("around", "3,000 calls, 64 at a time", &mut ways)
}

/// An interceptor, or one that does nothing, as one type.
#[derive(Clone)]
struct Optional(Option<Bearer>);

impl Interceptor for Optional {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        match &mut self.0 {
            Some(bearer) => bearer.call(request),
            None => Ok(request),
        }
    }
}

async fn call(
    channel: InterceptedService<Channel, Optional>,
    calls: usize,
) -> Result<(), Status> {
    let mut client = OrderManagementClient::new(channel);
    let order = Order { id: "101".into(), items: vec!["a lamp".into()], ..Order::default() };
    for _ in 0..calls {
        client.add_order(order.clone()).await?;
    }
    Ok(())
}

//! The cost of interceptors and layers.

use docs::{
    paired::Way,
    report::{Outcome, Report},
};
use interceptors::{
    auth::{Bearer, authenticate},
    call_log::CallLog,
    served_by::ServedBy,
};
use launcher::builder;
use order_management::{orders::Orders, server::service};
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use tonic::{
    Request, Status,
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

use crate::sides::{CALLERS, Sides, shared};

pub(crate) fn measure(report: &Report, sides: &Sides) -> Outcome {
    let orders = || service(Orders::sample());
    let guarded = || InterceptedService::new(orders(), authenticate);
    let (served_by, log) = (ServedBy::new("server-1"), CallLog::server(|_| {}));
    let plain =
        sides.serve(|incoming| builder().add_service(orders()).serve_with_incoming(incoming));
    let intercepted =
        sides.serve(|incoming| builder().add_service(guarded()).serve_with_incoming(incoming));
    let layered = sides.serve(|incoming| {
        let mut server = builder().layer(served_by.clone());
        server.add_service(orders()).serve_with_incoming(incoming)
    });
    let logged = sides.serve(|incoming| {
        let mut server = builder().layer(log.clone());
        server.add_service(orders()).serve_with_incoming(incoming)
    });
    let all = sides.serve(|incoming| {
        let mut server = builder().layer(log.clone()).layer(served_by.clone());
        server.add_service(guarded()).serve_with_incoming(incoming)
    });

    let calls = report.amount(3_000);
    let way = |name, addr: &str, token| {
        let endpoint =
            Endpoint::from_shared(format!("http://{addr}")).expect("it is an address");
        let channel = sides.clients.block_on(endpoint.connect()).expect("somebody listens");
        let client = OrderManagementClient::with_interceptor(channel, Token(token));
        Way::new(name, move || sides.time(shared(CALLERS, vec![client.clone()], calls, add)))
    };
    let token = || Some(Bearer::default());
    let ways = vec![
        way("nothing", &plain, None),
        way("a token from the client, not looked at", &plain, token()),
        way("a token, and authenticate", &intercepted, token()),
        way("the layer ServedBy", &layered, None),
        way("the layer CallLog, heard by nobody", &logged, None),
        way("a token, authenticate, both layers", &all, token()),
    ];
    report.compare("around", "3,000 calls, 64 at a time", ways)
}

type Client = OrderManagementClient<InterceptedService<Channel, Token>>;

/// An interceptor that puts a token on a call, or does nothing: one type for all of the ways.
#[derive(Clone)]
struct Token(Option<Bearer>);

impl Interceptor for Token {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        match &mut self.0 {
            Some(bearer) => bearer.call(request),
            None => Ok(request),
        }
    }
}

async fn add(mut client: Client, calls: usize) -> Result<(), Status> {
    let order = Order { id: "101".into(), items: vec!["a lamp".into()], ..Order::default() };
    for _ in 0..calls {
        client.add_order(order.clone()).await?;
    }
    Ok(())
}

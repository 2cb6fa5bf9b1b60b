//! Many small messages: a call for each, or one stream of them all.

use docs::{
    paired::Way,
    report::{Outcome, Report},
};
use futures::stream;
use launcher::builder;
use order_management::{orders::Orders, server::service};
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use tonic::{
    Status,
    transport::{Channel, Endpoint},
};

use crate::sides::{CALLERS, Sides, shared};

type Client = OrderManagementClient<Channel>;

pub(crate) fn measure(report: &Report, sides: &Sides) -> Outcome {
    let orders = report.amount(5_000);
    let stored = Orders::default();
    (0..orders).for_each(|number| stored.put(lamp(number)));
    let addr = sides
        .serve(|incoming| builder().add_service(service(stored)).serve_with_incoming(incoming));
    let endpoint = Endpoint::from_shared(format!("http://{addr}"))?;
    let client = Client::new(sides.clients.block_on(endpoint.connect())?);
    up(report, sides, &client, orders)?;
    down(report, sides, &client, orders)
}

fn id(number: usize) -> String {
    format!("lamp-{number:05}")
}

fn lamp(number: usize) -> Order {
    let (items, destination) = (vec!["a lamp".into()], "Seoul".into());
    Order { id: id(number), items, destination, ..Order::default() }
}

/// From the client to the server: `addOrder` for each order, or one `updateOrders`.
fn up(report: &Report, sides: &Sides, client: &Client, orders: usize) -> Outcome {
    async fn add(mut client: Client, calls: usize) -> Result<(), Status> {
        for number in 0..calls {
            client.add_order(lamp(number)).await?;
        }
        Ok(())
    }
    async fn update(mut client: Client, orders: usize) -> Result<(), Status> {
        client.update_orders(stream::iter((0..orders).map(lamp))).await?;
        Ok(())
    }
    let one = || vec![client.clone()];
    let ways = vec![
        Way::new("addOrder, one after another", || sides.time(shared(1, one(), orders, add))),
        Way::new("addOrder, 64 at a time", || sides.time(shared(CALLERS, one(), orders, add))),
        Way::new("updateOrders, one stream", || sides.time(update(client.clone(), orders))),
    ];
    report.compare("streaming-up", "5,000 orders to the server", ways)
}

/// From the server to the client: `getOrder` for each order, or one `searchOrders`.
fn down(report: &Report, sides: &Sides, client: &Client, orders: usize) -> Outcome {
    async fn get(mut client: Client, calls: usize) -> Result<(), Status> {
        for number in 0..calls {
            client.get_order(id(number)).await?;
        }
        Ok(())
    }
    async fn search(mut client: Client, orders: usize) -> Result<(), Status> {
        let mut found = client.search_orders("lamp".to_owned()).await?.into_inner();
        for _ in 0..orders {
            found.message().await?.expect("it finds them all");
        }
        Ok(())
    }
    let one = || vec![client.clone()];
    let ways = vec![
        Way::new("getOrder, one after another", || sides.time(shared(1, one(), orders, get))),
        Way::new("getOrder, 64 at a time", || sides.time(shared(CALLERS, one(), orders, get))),
        Way::new("searchOrders, one stream", || sides.time(search(client.clone(), orders))),
    ];
    report.compare("streaming-down", "5,000 orders from the server", ways)
}

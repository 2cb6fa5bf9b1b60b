//! Many small messages: a call for each, or one stream of them all.

use std::slice::from_ref;

use docs::{paired::Way, report::Report};
use futures::{StreamExt, stream};
use load_balancing::server::Backend;
use order_management::{orders::Orders, server::service, transport::builder};
use proto::{
    echo::{EchoRequest, echo_client::EchoClient, echo_server::EchoServer},
    ecommerce::{Order, order_management_client::OrderManagementClient},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Status,
    transport::{Channel, Server},
};

use crate::machine::{Machine, at_once};

pub(crate) fn measure(
    report: &Report,
    machine: &Machine,
) -> Result<(), Box<dyn std::error::Error>> {
    let messages = report.amount(2_000);
    let orders = Orders::sample();
    (0..messages).for_each(|number| orders.put(lamp(number)));
    let server =
        |incoming| builder().add_service(service(orders)).serve_with_incoming(incoming);
    let addr = machine.serve(server);
    let client = OrderManagementClient::new(machine.connect(&addr));
    if report.wants("streaming-up") {
        up(report, machine, &client, messages)?;
    }
    if report.wants("streaming-down") {
        down(report, machine, &client, messages)?;
    }
    if report.wants("streaming-both") {
        both(report, machine, messages)?;
    }
    Ok(())
}

fn lamp(number: usize) -> Order {
    Order {
        id: format!("lamp-{number:05}"),
        items: vec!["a lamp".into()],
        destination: "Seoul".into(),
        ..Order::default()
    }
}

type Client = OrderManagementClient<Channel>;

/// From the client to the server: `addOrder` for each order, or one `updateOrders`.
fn up(
    report: &Report,
    machine: &Machine,
    client: &Client,
    messages: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let add = async |mut client: Client, calls| {
        for _ in 0..calls {
            client.add_order(lamp(0)).await?;
        }
        Ok::<_, Status>(())
    };
    let mut ways = [
        Way::new("addOrder, one after another", || machine.time(add(client.clone(), messages))),
        Way::new("addOrder, 64 at a time", || {
            machine.time(at_once(from_ref(client), messages, add))
        }),
        Way::new("updateOrders, one stream", || {
            let mut client = client.clone();
            let orders = stream::repeat_with(|| lamp(0)).take(messages);
            machine.time(async move { client.update_orders(orders).await.map(drop) })
        }),
    ];
    report.compare("streaming-up", "2,000 orders to the server", &mut ways)
}

/// From the server to the client: `getOrder` for each order, or one `searchOrders`.
fn down(
    report: &Report,
    machine: &Machine,
    client: &Client,
    messages: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let get = async |mut client: Client, calls| {
        for _ in 0..calls {
            client.get_order(lamp(0).id).await?;
        }
        Ok::<_, Status>(())
    };
    let mut ways = [
        Way::new("getOrder, one after another", || machine.time(get(client.clone(), messages))),
        Way::new("getOrder, 64 at a time", || {
            machine.time(at_once(from_ref(client), messages, get))
        }),
        Way::new("searchOrders, one stream", || {
            let mut client = client.clone();
            machine.time(async move {
                let mut found = client.search_orders("lamp".to_owned()).await?.into_inner();
                let mut count = 0;
                while found.message().await?.is_some() {
                    count += 1;
                }
                assert_eq!(count, messages);
                Ok(())
            })
        }),
    ];
    report.compare("streaming-down", "2,000 orders from the server", &mut ways)
}

/// Question and answer: `UnaryEcho` for each, or one `BidirectionalStreamingEcho`.
fn both(
    report: &Report,
    machine: &Machine,
    messages: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let backend = Backend { addr: ([127, 0, 0, 1], 0).into() };
    let echo = EchoServer::new(backend);
    let server = |incoming| Server::builder().add_service(echo).serve_with_incoming(incoming);
    let addr = machine.serve(server);
    let client = EchoClient::new(machine.connect(&addr));
    let hello = || EchoRequest { message: "hello".into() };
    let unary = async |mut client: EchoClient<Channel>, calls| {
        for _ in 0..calls {
            client.unary_echo(EchoRequest { message: "hello".into() }).await?;
        }
        Ok::<_, Status>(())
    };
    let mut ways = [
        Way::new("UnaryEcho, one after another", || {
            machine.time(unary(client.clone(), messages))
        }),
        Way::new("a stream, one after another", || {
            let mut client = client.clone();
            machine.time(async move {
                let (questions, request) = mpsc::channel(1);
                let request = ReceiverStream::new(request);
                let call = client.bidirectional_streaming_echo(request);
                let mut answers = call.await?.into_inner();
                for _ in 0..messages {
                    questions.send(hello()).await.expect("the call goes on");
                    answers.message().await?;
                }
                Ok(())
            })
        }),
        Way::new("UnaryEcho, 64 at a time", || {
            machine.time(at_once(from_ref(&client), messages, unary))
        }),
        Way::new("a stream, without waiting", || {
            let mut client = client.clone();
            machine.time(async move {
                let questions = stream::repeat_with(hello).take(messages);
                let call = client.bidirectional_streaming_echo(questions);
                let mut answers = call.await?.into_inner();
                while answers.message().await?.is_some() {}
                Ok(())
            })
        }),
    ];
    report.compare("streaming-both", "2,000 questions, and an answer to each", &mut ways)
}

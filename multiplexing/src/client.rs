//! The client: one channel, two stubs, and calls that share a connection.

use std::{error::Error as _, time::Duration};

use futures::future::{FutureExt, try_join_all};
use launcher::{Error, STREAMS, code_name, endpoint, transcript};
use proto::{
    ecommerce::{Order, order_management_client::OrderManagementClient},
    helloworld::{HelloReply, HelloRequest, greeter_client::GreeterClient},
};
use tokio::{sync::mpsc, time::timeout, try_join};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Request, Status, client::Grpc, codegen::http::uri::PathAndQuery, transport::Channel,
};
use tonic_prost::ProstCodec;

type Orders = OrderManagementClient<Channel>;
type Greeter = GreeterClient<Channel>;

/// Connects to the server at `target`, a `HOST:PORT`, and makes the calls of [`call`].
pub async fn run(target: String) -> Result<(), Error> {
    let channel = endpoint(&target)?.connect().await?;
    // Production: no call may wait for ever. A connection that is full is one more reason to wait.
    timeout(Duration::from_secs(10), call(channel)).await.map_err(
        |_| "the calls took more than 10 s; does the server allow 200 on a connection?",
    )?
}

/// Makes all calls of this example on one channel.
///
/// Returns the first error that makes it pointless to continue.
pub async fn call(channel: Channel) -> Result<(), Error> {
    // A stub is small: the channel, and how to encode the messages of its service. A channel of tonic
    // has one connection, and its clones share that connection. In Go and Java, too, you make one
    // channel for a target and pass it to every stub.
    let orders = OrderManagementClient::new(channel.clone());
    let greeter = GreeterClient::new(channel.clone());

    two_services(&orders, &greeter).await?;
    a_slow_stream_and_a_quick_call(&orders, &greeter).await?;
    more_calls_than_the_connection_may_have(&orders, &greeter).await?;
    unknown(&channel, "/helloworld.Greeter/SayGoodbye").await?;
    unknown(&channel, "/helloworld.Farewell/SayGoodbye").await
}

/// The calls of the book's client: one to each service.
async fn two_services(orders: &Orders, greeter: &Greeter) -> Result<(), Error> {
    let order = Order {
        id: "101".into(),
        items: vec!["iPhone XS".into(), "Mac Book Pro".into()],
        destination: "San Jose, CA".into(),
        price: 2300.0,
        ..Order::default()
    };
    // A method of a stub needs `&mut self`, so that a stub makes one call at a time. To make several at
    // the same time, clone the stub. This copies a few pointers and opens no connection.
    let added = orders.clone().add_order(order).await?;
    transcript!(client, "addOrder(101) -> {:?}", added.into_inner());
    say_hello(greeter, "gRPC Up and Running!").await?;
    Ok(())
}

/// Holds a stream open in both directions while another call begins and ends.
///
/// With HTTP/1.1 the second call would need another connection, or wait for the end of the first.
async fn a_slow_stream_and_a_quick_call(
    orders: &Orders,
    greeter: &Greeter,
) -> Result<(), Error> {
    let (ids, slow) = open_stream(orders);
    let quick = async {
        // The server waits for three ids before it ships, so this stream stays open without an answer.
        send(&ids, "102").await;
        transcript!(client, "processOrders: sent 102, and the stream stays open");
        say_hello(greeter, "quick call").await?;
        transcript!(client, "processOrders: sending 103, then the half-close");
        send(&ids, "103").await;
        // The stream of ids ends when its sender is dropped, and tonic sends the half-close.
        drop(ids);
        Ok(())
    };
    // Runs both in this task. Whenever one of them waits for the network, the other can continue.
    try_join!(slow, quick)?;
    Ok(())
}

/// Opens 200 streams, which is as many as the server allows, and makes one more call.
///
/// The channel keeps the call and sends it as soon as one of the streams has ended. A server without the
/// limit, such as the book's, answers it at once.
async fn more_calls_than_the_connection_may_have(
    orders: &Orders,
    greeter: &Greeter,
) -> Result<(), Error> {
    let (first_ids, first) = open_stream(orders);
    let first = first.shared();
    let (other_ids, others): (Vec<_>, Vec<_>) =
        (1..STREAMS).map(|_| open_stream(orders)).unzip();
    transcript!(client, "opening {STREAMS} streams, and then calling SayHello");
    let one_more = async {
        // When this answer is here, the first stream has ended. Its line comes first.
        try_join!(biased; first.clone(), say_hello(greeter, "call 201"))?;
        transcript!(client, "ending the other {} streams", other_ids.len());
        drop(other_ids);
        Ok(())
    };
    let end_the_first = async {
        transcript!(
            client,
            "processOrders: sending 102 on one of the streams, then the half-close"
        );
        send(&first_ids, "102").await;
        drop(first_ids);
        Ok(())
    };
    // `biased` starts them in this order. A channel sends its calls in the order in which they were
    // started, so SayHello is the last of 201.
    try_join!(biased; first.clone(), try_join_all(others), one_more, end_the_first)?;
    Ok(())
}

/// Opens a stream of `processOrders`. The call runs while the returned future is polled, and its request
/// stays open until the returned sender is dropped.
fn open_stream(
    orders: &Orders,
) -> (mpsc::Sender<String>, impl Future<Output = Result<(), Status>> + use<>) {
    let (ids, request) = mpsc::channel(1);
    let mut orders = orders.clone();
    let call = async move {
        let mut shipments =
            orders.process_orders(ReceiverStream::new(request)).await?.into_inner();
        while let Some(shipment) = shipments.message().await? {
            let ids = shipment.orders_list.iter().map(|order| order.id.as_str());
            let ids = ids.collect::<Vec<_>>().join(", ");
            transcript!(client, "processOrders -> {:?} with {ids}", shipment.id);
        }
        Ok(())
    };
    (ids, call)
}

/// Sends an id on the stream whose sender is `ids`.
async fn send(ids: &mpsc::Sender<String>, id: &str) {
    // This fails only if the call has ended. Then the future of the call returns the reason.
    let _ = ids.send(id.to_owned()).await;
}

async fn say_hello(greeter: &Greeter, name: &str) -> Result<(), Status> {
    let reply = greeter.clone().say_hello(HelloRequest { name: name.into() }).await?;
    transcript!(client, "SayHello({name:?}) -> {:?}", reply.into_inner().message);
    Ok(())
}

/// Calls a method that the server does not have, as a client does that is newer than its server.
async fn unknown(channel: &Channel, path: &'static str) -> Result<(), Error> {
    // This is how a stub makes a unary call. It needs a channel, the path of the method, and a codec for
    // the messages. The server sees nothing of stubs: it gets a stream with this path in its headers.
    let mut client = Grpc::new(channel.clone());
    client.ready().await?;
    let codec = ProstCodec::<HelloRequest, HelloReply>::default();
    let request = Request::new(HelloRequest::default());
    match client.unary(request, PathAndQuery::from_static(path), codec).await {
        Ok(_) => transcript!(client, "{path} -> accepted; our server refuses this"),
        // Only a status that tonic made itself has a source: no server has answered.
        Err(status) if status.source().is_some() => return Err(status.into()),
        // Only the code, because each server has another message for this.
        Err(status) => transcript!(client, "{path} -> {}", code_name(status.code())),
    }
    Ok(())
}

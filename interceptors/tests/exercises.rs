//! The exercises of the README. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p interceptors --test exercises -- --ignored exercise_1
//! ```
//!
//! They call the server as it is served, whatever stands around its service.

use std::{future::ready, time::Duration};

use futures::StreamExt;
use interceptors::{
    auth::{Caller, authenticate},
    server,
};
use proto::ecommerce::{
    CombinedShipment, Order, order_management_client::OrderManagementClient,
};
use tokio::{net::TcpListener, sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Code, Request, Status, Streaming,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};

const PATIENCE: Duration = Duration::from_secs(10);

async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound");
    tokio::spawn(server::serve(listener, std::future::pending()));
    format!("http://{addr}")
}

async fn client(uri: &str) -> OrderManagementClient<Channel> {
    OrderManagementClient::connect(uri.to_owned()).await.expect("it listens")
}

fn with<T>(token: &'static str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", token.parse().expect("it is ASCII"));
    request
}

fn order() -> Order {
    Order { id: "101".into(), items: vec!["a lamp".into()], ..Order::default() }
}

const TOKEN: &str = "Bearer open-sesame";

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_a_second_token_is_good_too() {
    let mut client = client(&serve().await).await;
    for good in [TOKEN, "Bearer open-barley"] {
        client.get_order(with(good, "102".to_owned())).await.expect("both tokens are good");
    }
    for good in [TOKEN, "Bearer open-barley"] {
        let request = authenticate(with(good, ())).expect("both tokens are good");
        let caller = request.extensions().get::<Caller>().expect("it is known who calls");
        assert_eq!(caller.name, "Ali Baba", "the same caller");
    }
    for bad in ["Bearer ", "Bearer open-", "Bearer open-door", "Bearer open-barleycorn"] {
        let status = client.get_order(with(bad, "102".to_owned())).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{bad}");
    }
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_who_has_no_token_may_read() {
    let mut client = client(&serve().await).await;
    client.get_order("102".to_owned()).await.expect("getOrder reads");
    client.search_orders("Google".to_owned()).await.expect("searchOrders reads");

    let refused = |status: Status| assert_eq!(status.code(), Code::Unauthenticated);
    refused(client.add_order(order()).await.expect_err("addOrder writes"));
    let updates = tokio_stream::iter([order()]);
    refused(client.update_orders(updates).await.expect_err("updateOrders writes"));
    let ids = tokio_stream::iter(["102".to_owned()]);
    refused(client.process_orders(ids).await.map(drop).expect_err("processOrders ships"));
    let status = client.get_order(with("Bearer wrong", "102".to_owned())).await;
    refused(status.expect_err("a wrong token is worse than none"));
    let mut binary = Request::new("102".to_owned());
    let value = MetadataValue::try_from(&b"\xff"[..]).expect("metadata may have any such byte");
    binary.metadata_mut().insert("authorization", value);
    refused(client.get_order(binary).await.expect_err("no text is no token"));
    let mut two = with(TOKEN, "102".to_owned());
    two.metadata_mut().append("authorization", TOKEN.parse().expect("it is ASCII"));
    refused(client.get_order(two).await.expect_err("two tokens"));
    client.add_order(with(TOKEN, order())).await.expect("with the token all is as it was");
}

/// A call that runs until its client ends it.
struct Running {
    ids: mpsc::Sender<String>,
    shipments: Streaming<CombinedShipment>,
}

async fn run(client: &mut OrderManagementClient<Channel>) -> Running {
    let (ids, request) = mpsc::channel(1);
    let request = with(TOKEN, ReceiverStream::new(request));
    let answer = client.process_orders(request).await.expect("there is room");
    Running { ids, shipments: answer.into_inner() }
}

/// Waits until there is room for a call.
async fn room(client: &mut OrderManagementClient<Channel>) {
    let room =
        async { while client.get_order(with(TOKEN, "102".to_owned())).await.is_err() {} };
    timeout(PATIENCE, room).await.expect("a call that has ended makes room");
}

async fn full(client: &mut OrderManagementClient<Channel>) {
    let call = timeout(PATIENCE, client.get_order(with(TOKEN, "102".to_owned())));
    let status = call.await.expect("it is refused at once").expect_err("there is no room");
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.metadata().get("served-by").is_none(), "it is the outermost layer");
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_only_100_calls_run_at_the_same_time() {
    // The limit is the server's, and not each connection's.
    let uri = serve().await;
    let (mut client, mut other) = (client(&uri).await, client(&uri).await);
    let mut running = Vec::new();
    for _ in 0..50 {
        running.push(run(&mut client).await);
        running.push(run(&mut other).await);
    }
    full(&mut client).await;

    // It ends well.
    let mut call = running.pop().expect("there are 100");
    drop(call.ids);
    assert_eq!(call.shipments.message().await.expect("it ends well"), None);
    room(&mut client).await;
    running.push(run(&mut client).await);
    full(&mut client).await;

    // Its request has ended, and its answer has not.
    let call = running.pop().expect("there are 100");
    call.ids.send("102".to_owned()).await.expect("it is running");
    drop(call.ids);
    let mut shipments = call.shipments;
    shipments.message().await.expect("there is no error").expect("there is a shipment");
    shipments.message().await.expect("it ends well");
    room(&mut client).await;
    running.push(run(&mut client).await);
    full(&mut client).await;

    // Its request has ended, and nobody takes its answer.
    drop(running.pop());
    room(&mut client).await;
    for id in ["b1", "b2", "b3", "b4"] {
        let description = "x".repeat(900_000);
        let big = Order {
            id: id.into(),
            items: vec!["a whale".into()],
            description,
            ..Order::default()
        };
        client.add_order(with(TOKEN, big)).await.expect("there is room");
    }
    // A window that is smaller than the answer.
    let slow = Endpoint::from_shared(uri.clone()).expect("it is a URI");
    let slow = slow.initial_stream_window_size(65_535).connect().await.expect("it listens");
    let mut slow = OrderManagementClient::new(slow);
    let found = slow.search_orders(with(TOKEN, "a whale".to_owned())).await;
    let found = found.expect("there is room").into_inner();
    full(&mut client).await;
    assert_eq!(found.filter(|order| ready(order.is_ok())).count().await, 4);
    room(&mut client).await;
    running.push(run(&mut client).await);

    // It is cancelled.
    drop(running.pop());
    room(&mut client).await;
    running.push(run(&mut client).await);
    full(&mut client).await;

    // It ends with an error.
    let mut call = running.pop().expect("there are 100");
    call.ids.send("no-such-id".to_owned()).await.expect("it is running");
    call.shipments.message().await.expect_err("there is no such order");
    room(&mut client).await;
}

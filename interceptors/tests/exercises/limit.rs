//! 3. A limit.

use std::{future::ready, time::Duration};

use futures::StreamExt;
use http_body::Body as _;
use proto::ecommerce::{
    CombinedShipment, Order, order_management_client::OrderManagementClient,
};
use tokio::{
    runtime,
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Code, Streaming,
    body::Body,
    transport::{Channel, Endpoint},
};
use tower::ServiceExt;

use crate::{TOKEN, client, serve, with};

const PATIENCE: Duration = Duration::from_secs(10);

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

/// An answer of nothing but headers ends with them, and other clients than tonic's insist on it.
async fn ends_with_its_headers(uri: &str) {
    let channel = Endpoint::from_shared(uri.to_owned()).expect("it is a URI").connect_lazy();
    let without_token = http::Request::post("/ecommerce.OrderManagement/getOrder")
        .header("content-type", "application/grpc")
        .body(Body::default())
        .expect("it is a request");
    let refused = channel.oneshot(without_token).await.expect("it listens");
    assert!(refused.headers().contains_key("grpc-status"));
    assert!(refused.body().is_end_stream(), "a body that wraps another asks it for its end");
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_only_100_calls_run_at_the_same_time() {
    // The limit is the server's, and not each connection's.
    let uri = serve().await;
    ends_with_its_headers(&uri).await;
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

    // Its time is over before there is an answer. Its client stands still by then, since otherwise
    // it would cancel the call itself.
    drop(running.pop());
    room(&mut client).await;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("there is a runtime");
    let (still, wait) = oneshot::channel();
    let process = std::thread::spawn(move || {
        runtime.spawn(async move {
            let channel = OrderManagementClient::connect(uri).await;
            let mut request = with(TOKEN, tokio_stream::pending());
            request.set_timeout(Duration::from_secs(1));
            channel.expect("it listens").update_orders(request).await
        });
        runtime.block_on(wait).expect("the test goes on");
        runtime
    });
    let running_too =
        async { while client.get_order(with(TOKEN, "102".to_owned())).await.is_ok() {} };
    timeout(PATIENCE, running_too).await.expect("it is the hundredth");
    still.send(()).expect("it waits");
    let process = process.join().expect("it does not panic");
    room(&mut client).await;
    process.shutdown_background();
    running.push(run(&mut client).await);
    full(&mut client).await;

    // It ends with an error.
    let mut call = running.pop().expect("there are 100");
    call.ids.send("no-such-id".to_owned()).await.expect("it is running");
    call.shipments.message().await.expect_err("there is no such order");
    room(&mut client).await;
}

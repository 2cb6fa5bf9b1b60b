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
    let answer = client.process_orders(request).await.expect("the call must be accepted");
    Running { ids, shipments: answer.into_inner() }
}

/// Waits until a call is accepted.
async fn room(client: &mut OrderManagementClient<Channel>) {
    let room =
        async { while client.get_order(with(TOKEN, "102".to_owned())).await.is_err() {} };
    timeout(PATIENCE, room).await.expect("a call that has ended must make room");
}

async fn full(client: &mut OrderManagementClient<Channel>) {
    let call = timeout(PATIENCE, client.get_order(with(TOKEN, "102".to_owned())));
    let status = call
        .await
        .expect("the call must be refused at once")
        .expect_err("the call must be refused");
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(
        status.metadata().get("served-by").is_none(),
        "the limit must be the outermost layer"
    );
}

/// A response that has only headers must end with them, because some clients insist on it.
async fn ends_with_its_headers(uri: &str) {
    let channel =
        Endpoint::from_shared(uri.to_owned()).expect("the URI is valid").connect_lazy();
    let without_token = http::Request::post("/ecommerce.OrderManagement/getOrder")
        .header("content-type", "application/grpc")
        .body(Body::default())
        .expect("the request is valid");
    let refused = channel.oneshot(without_token).await.expect("the server listens");
    assert!(refused.headers().contains_key("grpc-status"));
    assert!(refused.body().is_end_stream(), "the body must forward is_end_stream");
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_only_100_calls_run_at_the_same_time() {
    // The limit is for the whole server, so two connections share it.
    let uri = serve().await;
    ends_with_its_headers(&uri).await;
    let (mut client, mut other) = (client(&uri).await, client(&uri).await);
    let mut running = Vec::new();
    for _ in 0..50 {
        running.push(run(&mut client).await);
        running.push(run(&mut other).await);
    }
    full(&mut client).await;

    // A call ends with OK.
    let mut call = running.pop().expect("there are 100 calls");
    drop(call.ids);
    assert_eq!(call.shipments.message().await.expect("the call ends with OK"), None);
    room(&mut client).await;
    running.push(run(&mut client).await);
    full(&mut client).await;

    // A call whose request has ended, but whose response has not, still counts.
    let call = running.pop().expect("there are 100 calls");
    call.ids.send("102".to_owned()).await.expect("the call is running");
    drop(call.ids);
    let mut shipments = call.shipments;
    shipments.message().await.expect("the call has not failed").expect("an order is shipped");
    shipments.message().await.expect("the call ends with OK");
    room(&mut client).await;
    running.push(run(&mut client).await);
    full(&mut client).await;

    // A call whose response nobody reads still counts.
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
        client.add_order(with(TOKEN, big)).await.expect("the call must be accepted");
    }
    // This window is smaller than the response.
    let slow = Endpoint::from_shared(uri.clone()).expect("the URI is valid");
    let slow =
        slow.initial_stream_window_size(65_535).connect().await.expect("the server listens");
    let mut slow = OrderManagementClient::new(slow);
    let found = slow.search_orders(with(TOKEN, "a whale".to_owned())).await;
    let found = found.expect("the call must be accepted").into_inner();
    full(&mut client).await;
    assert_eq!(found.filter(|order| ready(order.is_ok())).count().await, 4);
    room(&mut client).await;
    running.push(run(&mut client).await);

    // A call is cancelled.
    drop(running.pop());
    room(&mut client).await;
    running.push(run(&mut client).await);
    full(&mut client).await;

    // The deadline of a call passes before it has a response. The client is stopped by then, because
    // otherwise it would cancel the call itself.
    drop(running.pop());
    room(&mut client).await;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("the runtime starts");
    let (still, wait) = oneshot::channel();
    let process = std::thread::spawn(move || {
        runtime.spawn(async move {
            let channel = OrderManagementClient::connect(uri).await;
            let mut request = with(TOKEN, tokio_stream::pending());
            request.set_timeout(Duration::from_secs(1));
            channel.expect("the server listens").update_orders(request).await
        });
        runtime.block_on(wait).expect("the test continues");
        runtime
    });
    let running_too =
        async { while client.get_order(with(TOKEN, "102".to_owned())).await.is_ok() {} };
    timeout(PATIENCE, running_too).await.expect("the new call must count");
    still.send(()).expect("the thread waits");
    let process = process.join().expect("the thread does not panic");
    room(&mut client).await;
    process.shutdown_background();
    running.push(run(&mut client).await);
    full(&mut client).await;

    // A call ends with an error.
    let mut call = running.pop().expect("there are 100 calls");
    call.ids.send("no-such-id".to_owned()).await.expect("the call is running");
    call.shipments.message().await.expect_err("the order does not exist");
    room(&mut client).await;
}

//! The exercises of the README. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p interceptors --test exercises -- --ignored exercise_1
//! ```
//!
//! They call the server as it is served, whatever stands around its service.

use interceptors::server;
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Status, transport::Channel};

async fn client() -> OrderManagementClient<Channel> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound");
    tokio::spawn(server::serve(listener, std::future::pending()));
    OrderManagementClient::connect(format!("http://{addr}")).await.expect("it listens")
}

fn with<T>(token: &'static str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", token.parse().expect("it is ASCII"));
    request
}

fn order() -> Order {
    Order { id: "101".into(), items: vec!["a lamp".into()], ..Order::default() }
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_a_token_is_good_until_it_is_revoked() {
    let mut client = client().await;
    let (old, new) = ("Bearer open-sesame", "Bearer open-barley");
    client.get_order(with(old, "102".to_owned())).await.expect("the old token is good");
    client.get_order(with(new, "102".to_owned())).await.expect("and so is the new one");
    let status = client.get_order(with("Bearer ", "102".to_owned())).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_who_has_no_token_may_read() {
    let mut client = client().await;
    client.get_order("102".to_owned()).await.expect("getOrder reads");
    client.search_orders("Google".to_owned()).await.expect("searchOrders reads");

    let refused = |status: Status| assert_eq!(status.code(), Code::Unauthenticated);
    refused(client.add_order(order()).await.expect_err("addOrder writes"));
    let updates = tokio_stream::iter([order()]);
    refused(client.update_orders(updates).await.expect_err("updateOrders writes"));
    let status = client.get_order(with("Bearer wrong", "102".to_owned())).await;
    refused(status.expect_err("a wrong token is worse than none"));
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_only_100_calls_run_at_the_same_time() {
    const TOKEN: &str = "Bearer open-sesame";
    let mut client = client().await;
    let mut running = Vec::new();
    for _ in 0..100 {
        let (ids, request) = mpsc::channel::<String>(1);
        let request = with(TOKEN, ReceiverStream::new(request));
        let answer = client.process_orders(request).await.expect("there is room");
        running.push((ids, answer.into_inner()));
    }
    let status = client.get_order(with(TOKEN, "102".to_owned())).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);

    // One call ends, which is when its answer has: there is room for one more.
    let (ids, mut answer) = running.pop().expect("there are 100");
    drop(ids);
    assert_eq!(answer.message().await.expect("it ends well"), None);
    client.get_order(with(TOKEN, "102".to_owned())).await.expect("there is room again");
}

//! The client's side: a token and a log on each call, and then the calls.

use std::time::Duration;

use launcher::{endpoint, transcript};
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use tokio::time::timeout;
use tonic::{Code, Status, service::interceptor::InterceptedService, transport::Channel};
use tower::Layer;

use crate::{
    auth::Bearer,
    call_log::{Call, CallLog, Event, Logged},
};

/// Connects to the server at `target`, a `HOST:PORT`, and makes the calls of [`call`].
pub async fn run(target: String) -> Result<(), launcher::Error> {
    let channel = endpoint(&target)?.connect().await?;
    timeout(Duration::from_secs(10), call(channel))
        .await
        .map_err(|_| Status::deadline_exceeded("the calls took more than 10 s"))??;
    Ok(())
}

/// A call of each pattern with the token, and one without.
///
/// Fails with the status of the first call that does not end as it should.
pub async fn call(channel: Channel) -> Result<(), Status> {
    // To a stub, a channel with a layer around it is a channel. The interceptor is outermost here:
    // what it adds, the log is given too.
    let channel = CallLog::new(tell).layer(channel);
    let mut client =
        OrderManagementClient::with_interceptor(channel.clone(), Bearer::default());
    unary(&mut client).await?;
    server_streaming(&mut client).await?;
    client_streaming(&mut client).await?;
    bidirectional_streaming(&mut client).await?;
    without_token(OrderManagementClient::new(channel)).await
}

type Client = OrderManagementClient<InterceptedService<Logged<Channel>, Bearer>>;

async fn unary(client: &mut Client) -> Result<(), Status> {
    let answer = client.add_order(order("101", "iPhone XS")).await?;
    // What the server's layer added to the answer's metadata, without the service knowing.
    let server = answer.metadata().get("served-by").and_then(|name| name.to_str().ok());
    let server = server.unwrap_or("nobody who says so");
    transcript!(client, "addOrder(101) -> {:?}, served by {server}", answer.get_ref());
    Ok(())
}

async fn server_streaming(client: &mut Client) -> Result<(), Status> {
    let mut orders = client.search_orders("Google".to_owned()).await?.into_inner();
    let mut ids = Vec::new();
    while let Some(order) = orders.message().await? {
        ids.push(order.id);
    }
    transcript!(client, "searchOrders(\"Google\") -> {}", ids.join(", "));
    Ok(())
}

async fn client_streaming(client: &mut Client) -> Result<(), Status> {
    let updates = [order("102", "Google Pixel Book"), order("103", "iPad Pro")];
    let answer = client.update_orders(tokio_stream::iter(updates)).await?;
    transcript!(client, "updateOrders(102, 103) -> {:?}", answer.into_inner());
    Ok(())
}

async fn bidirectional_streaming(client: &mut Client) -> Result<(), Status> {
    let ids = ["102", "103", "104", "101"].map(String::from);
    let mut shipments = client.process_orders(tokio_stream::iter(ids)).await?.into_inner();
    let mut count = 0;
    while shipments.message().await?.is_some() {
        count += 1;
    }
    transcript!(client, "processOrders(102, 103, 104, 101) -> {count} shipments");
    Ok(())
}

async fn without_token(
    mut client: OrderManagementClient<Logged<Channel>>,
) -> Result<(), Status> {
    match client.add_order(order("102", "Google Pixel Book")).await {
        Err(status) if status.code() == Code::Unauthenticated => {
            transcript!(client, "addOrder(102) -> {}", launcher::describe(&status));
            Ok(())
        }
        Err(status) => Err(status),
        Ok(_) => Err(Status::unknown("the server asked for no token")),
    }
}

fn order(id: &str, item: &str) -> Order {
    Order {
        id: id.into(),
        items: vec![item.into()],
        destination: "San Jose, CA".into(),
        ..Order::default()
    }
}

/// The log of the client's side, to which the client's messages are those that go out.
fn tell(call: &Call, event: Event) {
    match event {
        Event::Started => transcript!(client, "{call} begins: {}", call.path),
        Event::Request(message) => transcript!(client, "{call} sent {message}"),
        Event::Response(message) => transcript!(client, "{call} received {message}"),
        Event::Ended(end) => transcript!(client, "{call} {end} after {:.1?}", call.elapsed()),
    }
}

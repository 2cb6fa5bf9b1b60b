//! Chapter 5: deadlines, cancellation, errors.

use std::time::Duration;

use futures::stream;
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use tonic::{
    Code, Request, Status,
    transport::{Channel, Endpoint},
};
use tonic_types::{ErrorDetails, StatusExt};

pub(crate) const TEXT: &str = include_str!("ch5_calls.rs");

async fn deadline(
    mut client: OrderManagementClient<Channel>,
    order: Order,
) -> Result<(), Box<dyn std::error::Error>> {
    let endpoint =
        Endpoint::from_static("http://localhost:50051").timeout(Duration::from_secs(2));
    drop(endpoint);

    let mut request = Request::new(order);
    request.set_timeout(Duration::from_secs(2));
    println!("{:?}", request.metadata().get("grpc-timeout"));
    match client.add_order(request).await {
        Err(status) if status.code() == Code::Cancelled => println!("too late"),
        Err(status) if status.code() == Code::DeadlineExceeded => println!("too late"),
        other => println!("{}", other?.into_inner()),
    }
    Ok(())
}

async fn a_stream_to_its_end(mut client: OrderManagementClient<Channel>) -> Result<(), Status> {
    let call = async {
        let mut orders = client.search_orders("Google".to_owned()).await?.into_inner();
        while orders.message().await?.is_some() {}
        Ok::<_, Status>(())
    };
    match tokio::time::timeout(Duration::from_secs(2), call).await {
        Ok(ended) => ended,
        Err(_elapsed) => Err(Status::deadline_exceeded("it took more than 2 s")),
    }
}

fn is_lost(status: &Status) -> bool {
    use std::error::Error as _;
    let made_by_tonic = status.source().is_some();
    status.code() == Code::Unavailable || status.code() == Code::Unknown && made_by_tonic
}

async fn cancelled(mut client: OrderManagementClient<Channel>) -> Result<(), Status> {
    let mut orders = client.search_orders("Google".to_owned()).await?.into_inner();
    orders.message().await?;
    drop(orders);

    let mut request = Request::new(stream::pending());
    let handle = request.cancellation_handle();
    let shipments = client.process_orders(request).await?.into_inner();
    handle.cancel();
    drop(shipments);
    Ok(())
}

async fn whichever_is_first(
    mut client: OrderManagementClient<Channel>,
    stop: impl Future<Output = ()>,
) {
    tokio::select! {
        order = client.get_order("106".to_owned()) => println!("{order:?}"),
        () = stop => println!("the call is dropped"),
    }
}

/// A resource of a method. Cancelling the call drops it.
struct Reservation;

impl Drop for Reservation {
    fn drop(&mut self) {
        println!("given back");
    }
}

fn refused() -> Status {
    let details = ErrorDetails::with_bad_request_violation("id", "must not be -1");
    Status::with_error_details(Code::InvalidArgument, "the order is invalid", details)
}

fn read(status: &Status) {
    println!("{:?} {}", status.code(), status.message());
    if let Some(bad_request) = status.get_error_details().bad_request() {
        println!("{:?}", bad_request.field_violations);
    }
}

fn simple(id: &str) -> Result<(), Status> {
    if id == "-1" {
        return Err(Status::invalid_argument("id must not be -1"));
    }
    Ok(())
}

//! The front's status says nothing of the inventory's.

use std::{collections::HashMap, time::Duration};

use deadlines::inventory::Stock;
use proto::{
    ecommerce::{Order, order_management_client::OrderManagementClient},
    workshop::ReserveResponse,
};
use tokio::net::TcpListener;
use tonic::{Code, Request, Response, Status, metadata::MetadataMap};

use crate::helper::{Mock, SECOND, client, front, order};

/// A status with a secret in each of its parts. The code is the number in the text.
fn secret(code: i32) -> Status {
    let mut metadata = MetadataMap::new();
    metadata.insert("x-secret", "SECRET".parse().expect("it is ASCII"));
    metadata.insert("retry-after", "SECRET".parse().expect("it is ASCII"));
    let code = Code::from_i32(code);
    Status::with_details_and_metadata(code, "SECRET", b"SECRET"[..].into(), metadata)
}

type Answer = fn() -> Result<Response<ReserveResponse>, Status>;

macro_rules! answers {
    ($($code:literal)*) => { [$(|| Err(secret($code))),*] };
}

#[tokio::test(start_paused = true)]
async fn every_code_of_the_inventory_becomes_a_status_of_the_front() {
    let answers: [Answer; 16] = answers!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
    let expected = HashMap::from([
        (1, Code::Unavailable),
        (4, Code::DeadlineExceeded),
        (5, Code::FailedPrecondition),
        (8, Code::Unavailable),
        (14, Code::Unavailable),
    ]);
    for (answer, code) in answers.into_iter().zip(1..) {
        let mut client = client(Mock { answer, ..Mock::new(SECOND) }, Duration::ZERO).await;
        let status = client.add_order(order("1", 5 * SECOND)).await.expect_err("it fails");
        let expected = expected.get(&code).copied().unwrap_or(Code::Internal);
        assert_eq!(status.code(), expected, "for code {code}");
        let all = format!("{status:?}");
        assert!(!all.contains("SECRET") && !all.contains("retry-after"), "{all}");
        assert_eq!(status.details(), b"");
    }
}

#[tokio::test(start_paused = true)]
async fn metadata_of_a_successful_reservation_does_not_leak() {
    let answer = || {
        let mut response = Response::new(ReserveResponse { reservation_id: "SECRET".into() });
        response.metadata_mut().insert("x-secret", "SECRET".parse().expect("it is ASCII"));
        Ok(response)
    };
    let mut client = client(Mock { answer, ..Mock::new(SECOND) }, Duration::ZERO).await;
    let response = client.add_order(order("1", 5 * SECOND)).await.expect("it is valid");
    let all = format!("{response:?}");
    assert!(!all.contains("SECRET"), "{all}");
}

async fn refused(items: &[&str]) -> Status {
    let mut client = client(Stock::default(), Duration::ZERO).await;
    let order = Order { price: 1.0, ..testing::order("1", items, "Seoul") };
    client.add_order(order).await.expect_err("it is sold out")
}

#[tokio::test]
async fn an_item_that_is_not_in_stock_is_failed_precondition_with_its_name() {
    for items in [&["sold out"][..], &["lamp", "sold out"], &["out", "sold out"]] {
        let status = refused(items).await;
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(status.message(), "item \"sold out\" is not in stock");
    }
}

#[tokio::test]
async fn an_item_that_looks_like_the_message_is_not_named_instead() {
    for other in ["not in stock", "item \"sold out\" is", "sold out\" is not in stock"] {
        let status = refused(&["sold out", other]).await;
        assert_eq!(status.message(), "item \"sold out\" is not in stock", "{other}");
    }
}

#[tokio::test]
async fn no_item_shows_whether_it_is_in_a_message_of_the_inventory() {
    let answer = || Err(Status::not_found("no row in stock_eu3 at db-7.internal"));
    let mut client = client(Mock { answer, ..Mock::new(SECOND) }, Duration::ZERO).await;
    let order =
        Order { price: 1.0, ..testing::order("1", &["lamp", "db-7.internal"], "Seoul") };
    let status = client.add_order(order).await.expect_err("it is not found");
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(status.message(), "item \"lamp\" or \"db-7.internal\" is not in stock");
}

#[tokio::test]
async fn an_inventory_that_cannot_be_reached_is_unavailable_and_its_address_does_not_leak() {
    let (_held, nobody) = testing::closed_addr();
    let addr = testing::start(|listener, shutdown| async move {
        deadlines::server::serve(listener, shutdown, Some(&nobody), SECOND).await
    })
    .await;
    let mut client =
        OrderManagementClient::connect(format!("http://{addr}")).await.expect("it runs");
    let status = client.add_order(order("1", 5 * SECOND)).await.expect_err("no inventory");
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), "no items can be reserved now");
    client.get_order("102".to_owned()).await.expect("this needs no inventory");
}

#[tokio::test]
async fn an_inventory_whose_connection_is_lost_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let inventory = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("the front connects");
            let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
            // The connection ends in the middle of the call.
            let call = connection.accept().await;
            drop((call, connection));
        }
    });
    let addr = testing::start(|listener, shutdown| async move {
        deadlines::server::serve(listener, shutdown, Some(&inventory), SECOND).await
    });
    let target = format!("http://{}", addr.await);
    let mut client = OrderManagementClient::connect(target).await.expect("it runs");
    let status = client.add_order(order("1", 5 * SECOND)).await.expect_err("no inventory");
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(status.message(), "no items can be reserved now");
}

#[tokio::test]
async fn nothing_is_reserved_for_an_order_that_is_refused_afterwards() {
    let valid = testing::order("1", &["lamp"], "Seoul");
    let inventory = Mock::new(Duration::ZERO);
    let channel = front(inventory.clone(), Duration::ZERO).await;
    let mut client = OrderManagementClient::new(channel);
    for order in [
        Order { id: " ".into(), ..valid.clone() },
        Order { items: Vec::new(), ..valid.clone() },
        Order { price: -1.0, ..valid.clone() },
        Order { price: f32::NAN, ..valid.clone() },
        Order { price: f32::INFINITY, ..valid },
    ] {
        let status = client.add_order(Request::new(order)).await.expect_err("it is invalid");
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    }
    assert_eq!(inventory.timeouts.lock().unwrap().len(), 0, "the inventory was called");
}

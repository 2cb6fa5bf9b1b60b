//! Each error with its details, as a client decodes them from the wire.

mod language;
mod waiting;

use std::sync::Arc;

use error_details::{order_error::DOMAIN, server::CarefulOrders};
use order_management::orders::Orders;
use proto::ecommerce::{
    Order, order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use testing::in_memory;
use tonic::{Code, Response, Status, transport::Channel};
use tonic_types::{ErrorDetails, StatusExt};

async fn channel() -> Channel {
    let service = CarefulOrders::new(Arc::new(Orders::sample()));
    in_memory(OrderManagementServer::new(service)).await
}

async fn stub() -> OrderManagementClient<Channel> {
    OrderManagementClient::new(channel().await)
}

fn order() -> Order {
    Order {
        id: "101".into(),
        items: vec!["a lamp".into()],
        price: 1.0,
        destination: "San Jose, CA".into(),
        ..Order::default()
    }
}

/// The details of an error that has `code`, and the `ErrorInfo` and `LocalizedMessage` of every one.
fn details<T>(result: Result<Response<T>, Status>, code: Code, reason: &str) -> ErrorDetails {
    let Err(status) = result else { panic!("it was not refused") };
    assert_eq!(status.code(), code);
    let details = status.check_error_details().expect("the details are whole");
    let info = details.error_info().expect("there is an ErrorInfo");
    assert_eq!((&*info.reason, &*info.domain), (reason, DOMAIN));
    let message = details.localized_message().expect("there is a LocalizedMessage");
    assert!(!message.message.is_empty());
    details
}

/// `FIELD DESCRIPTION` of each violation of an order.
async fn violations(order: Order) -> Vec<String> {
    let result = stub().await.add_order(order).await;
    let details = details(result, Code::InvalidArgument, "ORDER_INVALID");
    let violations = &details.bad_request().expect("there is a BadRequest").field_violations;
    violations.iter().map(|each| format!("{} {}", each.field, each.description)).collect()
}

#[tokio::test]
async fn all_that_is_wrong_with_an_order_comes_in_one_answer() {
    let faulty = Order {
        id: " ".into(),
        items: vec!["a lamp".into(), " ".into(), String::new()],
        price: f32::NAN,
        destination: String::new(),
        ..Order::default()
    };
    let expected = [
        "id must not be blank",
        "price must be a number",
        "destination must not be blank",
        "items[1] must not be blank",
        "items[2] must not be blank",
    ];
    assert_eq!(violations(faulty).await, expected);
}

#[tokio::test]
async fn each_fault_is_told_with_the_path_of_its_field() {
    for (faulty, expected) in [
        (Order { id: "-1".into(), ..order() }, "id must not be -1"),
        (Order { items: vec![], ..order() }, "items must not be empty"),
        (Order { price: -0.5, ..order() }, "price must not be negative"),
        (Order { price: f32::INFINITY, ..order() }, "price must be a number"),
    ] {
        assert_eq!(violations(faulty).await, [expected]);
    }
}

#[tokio::test]
async fn more_faults_than_fit_are_counted() {
    let all = violations(Order { items: vec![String::new(); 100_000], ..order() }).await;
    assert_eq!(all.len(), 21);
    assert_eq!(all[19], "items[19] must not be blank");
    assert_eq!(all[20], "items has 99980 more that must not be blank");
}

#[tokio::test]
async fn a_missing_order_is_described_and_help_is_linked() {
    let result = stub().await.get_order("999".to_owned()).await;
    let details = details(result, Code::NotFound, "ORDER_NOT_FOUND");
    let resource = details.resource_info().expect("there is a ResourceInfo");
    let described = (&*resource.resource_type, &*resource.resource_name, &*resource.owner);
    assert_eq!(described, ("ecommerce.Order", "999", "order-management"));
    assert!(details.help().expect("there is a Help").links[0].url.starts_with("https://"));
    assert_eq!(details.error_info().unwrap().metadata["id"], "999");
}

#[tokio::test]
async fn details_fit_into_the_headers_whatever_was_sent() {
    let mut stub = stub().await;
    let id = "상".repeat(1_000_000);
    details(stub.get_order(id.clone()).await, Code::NotFound, "ORDER_NOT_FOUND");
    let far = Order { destination: id, ..order() };
    details(stub.add_order(far).await, Code::FailedPrecondition, "DESTINATION_NOT_SERVED");
}

#[tokio::test]
async fn a_destination_that_is_not_served_is_a_failed_precondition() {
    let result =
        stub().await.add_order(Order { destination: "Atlantis".into(), ..order() }).await;
    let details = details(result, Code::FailedPrecondition, "DESTINATION_NOT_SERVED");
    let violation = &details.precondition_failure().expect("there is one").violations[0];
    assert_eq!((&*violation.r#type, &*violation.subject), ("DELIVERY", "Atlantis"));
}

#[tokio::test]
async fn a_failure_below_is_internal_and_shows_a_request_id_and_nothing_of_the_inside() {
    for result in [
        stub().await.get_order("1\0".to_owned()).await.map(drop),
        stub().await.add_order(Order { id: "1\0".into(), ..order() }).await.map(drop),
    ] {
        let status = result.as_ref().expect_err("the store fails").clone();
        let details = details(result.map(Response::new), Code::Internal, "INTERNAL");
        let request = details.request_info().expect("there is a RequestInfo");
        assert!(uuid::Uuid::parse_str(&request.request_id).is_ok());
        assert_eq!(status.message(), "internal error");
        let sent = String::from_utf8_lossy(status.details()).into_owned();
        assert!(!sent.contains("db-3") && !sent.contains("0x00"), "{sent}");
    }
}

#[tokio::test]
async fn the_other_methods_are_as_they_were() {
    let mut stub = stub().await;
    stub.add_order(order()).await.unwrap();
    let found =
        stub.search_orders("a lamp".to_owned()).await.unwrap().into_inner().message().await;
    assert_eq!(found.unwrap().unwrap().id, "101");
    let ids = tokio_stream::iter(["101".to_owned()]);
    let shipped = stub.process_orders(ids).await.unwrap().into_inner().message().await;
    assert_eq!(shipped.unwrap().unwrap().id, "cmb - San Jose, CA");
    let updates = tokio_stream::iter([order()]);
    stub.update_orders(updates).await.unwrap();
}

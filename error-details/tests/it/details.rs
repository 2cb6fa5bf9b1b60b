//! Each error with its details, as a client decodes them.

use std::sync::Arc;

use error_details::{errors::DOMAIN, server::CarefulOrders};
use order_management::orders::Orders;
use proto::ecommerce::{
    Order, order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use testing::in_memory;
use tonic::{Code, Response, Status, transport::Channel};
use tonic_types::{ErrorDetails, StatusExt};

pub(crate) async fn stub() -> OrderManagementClient<Channel> {
    let service = CarefulOrders::new(Arc::new(Orders::sample()));
    OrderManagementClient::new(in_memory(OrderManagementServer::new(service)).await)
}

pub(crate) fn order() -> Order {
    testing::order("101", &["a lamp"], "San Jose, CA")
}

/// The details of an error that has `code`. Every error has an `ErrorInfo` and a `LocalizedMessage`.
pub(crate) fn details<T>(
    result: Result<Response<T>, Status>,
    code: Code,
    reason: &str,
) -> ErrorDetails {
    let Err(status) = result else { panic!("the call was accepted") };
    assert_eq!(status.code(), code);
    let details = status.check_error_details().expect("the details can be decoded");
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
async fn one_answer_lists_all_faults_of_an_order() {
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
async fn each_fault_has_the_path_of_its_field() {
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
async fn the_list_of_faults_fits_into_the_headers_whatever_the_order() {
    let all =
        violations(Order { items: vec![String::new(); 100_000], ..Order::default() }).await;
    assert_eq!(all.first().map(String::as_str), Some("id must not be blank"));
    assert_eq!(all.last().map(String::as_str), Some("items[19] must not be blank"));
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
async fn details_fit_into_the_headers_however_long_the_request_is() {
    let mut stub = stub().await;
    let id = "상".repeat(300_000);
    details(stub.get_order(id.clone()).await, Code::NotFound, "ORDER_NOT_FOUND");
    let far = Order { destination: id, ..order() };
    details(stub.add_order(far).await, Code::FailedPrecondition, "DESTINATION_NOT_SERVED");
}

#[tokio::test]
async fn a_town_without_delivery_is_a_failed_precondition() {
    let far = Order { destination: "Atlantis".into(), ..order() };
    let result = stub().await.add_order(far).await;
    let details = details(result, Code::FailedPrecondition, "DESTINATION_NOT_SERVED");
    let violation = &details.precondition_failure().expect("there is one").violations[0];
    assert_eq!((&*violation.r#type, &*violation.subject), ("DELIVERY", "Atlantis"));
}

#[tokio::test]
async fn a_database_error_is_internal_and_reveals_only_a_request_id() {
    for result in [
        stub().await.get_order("1\0".to_owned()).await.map(drop),
        stub().await.add_order(Order { id: "1\0".into(), ..order() }).await.map(drop),
    ] {
        let status = result.as_ref().expect_err("the database fails").clone();
        let details = details(result.map(Response::new), Code::Internal, "INTERNAL");
        let request = details.request_info().expect("there is a RequestInfo");
        assert!(uuid::Uuid::parse_str(&request.request_id).is_ok());
        assert_eq!(status.message(), "internal error");
        let sent = String::from_utf8_lossy(status.details()).into_owned();
        assert!(!sent.contains("db-3") && !sent.contains("0x00"), "{sent}");
    }
}

#[tokio::test]
async fn the_other_methods_work_as_in_order_management() {
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

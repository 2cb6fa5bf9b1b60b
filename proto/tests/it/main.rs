//! Other programs rely on the book's paths, names and numbers.

use prost::Message;
use prost_types::{
    DescriptorProto, FileDescriptorProto, FileDescriptorSet, ServiceDescriptorProto,
    field_descriptor_proto::Label,
};

fn files() -> Vec<FileDescriptorProto> {
    let files = FileDescriptorSet::decode(proto::FILE_DESCRIPTOR_SET).unwrap().file;
    files.into_iter().filter(|file| !file.package().starts_with("google")).collect()
}

/// `/ecommerce.ProductInfo/addProduct Product -> ProductID`
fn methods(package: &str, service: &ServiceDescriptorProto) -> Vec<String> {
    let side = |streams, name: &str| {
        format!("{}{}", if streams { "stream " } else { "" }, name.rsplit('.').next().unwrap())
    };
    let line = |method: &prost_types::MethodDescriptorProto| {
        let input = side(method.client_streaming(), method.input_type());
        let output = side(method.server_streaming(), method.output_type());
        format!("/{package}.{}/{} {input} -> {output}", service.name(), method.name())
    };
    service.method.iter().map(line).collect()
}

/// `Product: string id = 1`
fn fields(message: &DescriptorProto) -> Vec<String> {
    let line = |field: &prost_types::FieldDescriptorProto| {
        let repeated = if field.label() == Label::Repeated { "repeated " } else { "" };
        let kind = match field.type_name() {
            "" => field.r#type().as_str_name().trim_start_matches("TYPE_").to_lowercase(),
            name => name.rsplit('.').next().unwrap().to_owned(),
        };
        format!("{}: {repeated}{kind} {} = {}", message.name(), field.name(), field.number())
    };
    message.field.iter().map(line).collect()
}

/// There may be more lines: additions do not concern the book's programs.
fn contains(lines: &[String], expected: &[&str]) {
    for line in expected {
        assert!(lines.iter().any(|other| other == line), "no {line} in {lines:#?}");
    }
}

#[test]
fn the_paths_and_patterns_of_the_methods_are_the_books() {
    let mut lines = Vec::new();
    for file in files() {
        for service in &file.service {
            lines.extend(methods(file.package(), service));
        }
    }
    let expected = [
        "/ecommerce.OrderManagement/addOrder Order -> StringValue",
        "/ecommerce.OrderManagement/getOrder StringValue -> Order",
        "/ecommerce.OrderManagement/processOrders stream StringValue -> stream CombinedShipment",
        "/ecommerce.OrderManagement/searchOrders StringValue -> stream Order",
        "/ecommerce.OrderManagement/updateOrders stream Order -> StringValue",
        "/ecommerce.ProductInfo/addProduct Product -> ProductID",
        "/ecommerce.ProductInfo/getProduct ProductID -> Product",
        "/grpc.examples.echo.Echo/BidirectionalStreamingEcho stream EchoRequest -> stream EchoResponse",
        "/grpc.examples.echo.Echo/ClientStreamingEcho stream EchoRequest -> EchoResponse",
        "/grpc.examples.echo.Echo/ServerStreamingEcho EchoRequest -> stream EchoResponse",
        "/grpc.examples.echo.Echo/UnaryEcho EchoRequest -> EchoResponse",
    ];
    contains(&lines, &expected);
}

#[test]
fn the_numbers_and_types_of_the_fields_are_the_books() {
    let mut lines = Vec::new();
    for file in files() {
        for message in &file.message_type {
            lines.extend(fields(message));
        }
    }
    let expected = [
        "CombinedShipment: repeated Order ordersList = 3",
        "CombinedShipment: string id = 1",
        "CombinedShipment: string status = 2",
        "EchoRequest: string message = 1",
        "EchoResponse: string message = 1",
        "Order: float price = 4",
        "Order: repeated string items = 2",
        "Order: string description = 3",
        "Order: string destination = 5",
        "Order: string id = 1",
        "Product: float price = 4",
        "Product: string description = 3",
        "Product: string id = 1",
        "Product: string name = 2",
        "ProductID: string value = 1",
    ];
    contains(&lines, &expected);
}

#[test]
fn a_token_is_not_printed() {
    let response =
        proto::workshop::TokenResponse { access_token: "secret".into(), expires_in: 60 };
    assert_eq!(format!("{response:?}"), "TokenResponse { expires_in: 60, .. }");
}

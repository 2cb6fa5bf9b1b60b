//! The server accepts gzip and identity, and chooses the encoding of its response.

use prost::Message;
use proto::ecommerce::{
    Order,
    order_management_client::OrderManagementClient,
    order_management_server::{OrderManagement, OrderManagementServer},
};
use testing::in_memory;
use tokio_stream::{Empty, Once};
use tonic::{Code, Request, Response, Status, Streaming, codec::CompressionEncoding};

use crate::raw::{call, channel, expand, framed, gzip, plain};

fn id() -> String {
    "106".to_owned()
}

#[tokio::test]
async fn a_request_in_gzip_is_accepted_and_the_response_is_gzip_if_the_client_accepts_it() {
    let channel = channel().await;
    let headers = [("grpc-encoding", "gzip"), ("grpc-accept-encoding", "gzip")];
    let answer = call(&channel, "getOrder", &headers, gzip(&id())).await;
    assert_eq!(answer.header("grpc-encoding"), Some("gzip"));
    let messages = answer.messages();
    let [(1, order)] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(Order::decode(&expand(order)[..]).unwrap().id, "106");
    assert_eq!(answer.status().code(), Code::Ok);
}

#[tokio::test]
async fn gzip_is_found_in_a_list_with_other_encodings() {
    let headers = [("grpc-accept-encoding", "identity, deflate, gzip")];
    let answer = call(&channel().await, "getOrder", &headers, plain(&id())).await;
    assert_eq!(answer.header("grpc-encoding"), Some("gzip"));
    assert_eq!(answer.messages()[0].0, 1);
}

#[tokio::test]
async fn the_response_is_plain_if_the_client_does_not_accept_gzip() {
    let channel = channel().await;
    for headers in [
        &[][..],
        &[("grpc-accept-encoding", "identity")],
        &[("grpc-accept-encoding", "br,deflate")],
    ] {
        let answer = call(&channel, "getOrder", headers, plain(&id())).await;
        assert_eq!(answer.header("grpc-encoding"), None);
        let messages = answer.messages();
        let [(0, order)] = &messages[..] else { panic!("{messages:?}") };
        assert_eq!(Order::decode(&order[..]).unwrap().id, "106");
    }
}

#[tokio::test]
async fn each_direction_has_its_own_encoding() {
    let channel = channel().await;
    let answer = call(&channel, "getOrder", &[("grpc-encoding", "gzip")], gzip(&id())).await;
    assert_eq!(answer.messages()[0].0, 0);
    let headers = [("grpc-encoding", "identity"), ("grpc-accept-encoding", "gzip")];
    let answer = call(&channel, "getOrder", &headers, plain(&id())).await;
    assert_eq!(answer.messages()[0].0, 1);
}

#[tokio::test]
async fn any_other_encoding_is_unimplemented_and_the_status_lists_what_is_accepted() {
    let channel = channel().await;
    for encoding in ["snappy", "deflate", "zstd", "br", "GZIP", ""] {
        let answer =
            call(&channel, "getOrder", &[("grpc-encoding", encoding)], plain(&id())).await;
        assert_eq!(answer.status().code(), Code::Unimplemented, "{encoding}");
        assert_eq!(answer.header("grpc-accept-encoding"), Some("gzip,identity"), "{encoding}");
    }
}

#[tokio::test]
async fn the_flag_in_the_prefix_decides_for_each_message() {
    // The header says only what "compressed" means.
    let answer =
        call(&channel().await, "getOrder", &[("grpc-encoding", "gzip")], plain(&id())).await;
    assert_eq!(answer.status().code(), Code::Ok, "{}", answer.status());
}

#[tokio::test]
async fn a_compressed_message_without_an_encoding_is_internal() {
    let channel = channel().await;
    for headers in [&[][..], &[("grpc-encoding", "identity")]] {
        let answer = call(&channel, "getOrder", headers, gzip(&id())).await;
        assert_eq!(answer.status().code(), Code::Internal);
    }
}

#[tokio::test]
async fn bytes_that_are_not_gzip_are_internal_and_cost_only_their_call() {
    let channel = channel().await;
    for bytes in [&b"not gzip"[..], b"", &[0x1f, 0x8b, 8], &gzip(&id())[5..20]] {
        let headers = [("grpc-encoding", "gzip")];
        let answer = call(&channel, "getOrder", &headers, framed(1, bytes)).await;
        assert_eq!(answer.status().code(), Code::Internal, "{}", answer.status());
    }
    let answer = call(&channel, "getOrder", &[], plain(&id())).await;
    assert_eq!(answer.status().code(), Code::Ok);
}

/// A service that switches compression off for one response, and does not store what it gets.
pub(crate) struct Uncompressed;

#[tonic::async_trait]
impl OrderManagement for Uncompressed {
    async fn get_order(&self, request: Request<String>) -> Result<Response<Order>, Status> {
        let mut response =
            Response::new(Order { id: request.into_inner(), ..Order::default() });
        response.disable_compression();
        Ok(response)
    }

    async fn add_order(&self, _: Request<Order>) -> Result<Response<String>, Status> {
        Ok(Response::new("added".into()))
    }

    type searchOrdersStream = Once<Result<Order, Status>>;

    async fn search_orders(
        &self,
        _: Request<String>,
    ) -> Result<Response<Self::searchOrdersStream>, Status> {
        let mut response = Response::new(tokio_stream::once(Ok(Order::default())));
        response.disable_compression();
        Ok(response)
    }

    async fn update_orders(
        &self,
        _: Request<Streaming<Order>>,
    ) -> Result<Response<String>, Status> {
        Err(Status::unimplemented("not needed"))
    }

    type processOrdersStream = Empty<Result<proto::ecommerce::CombinedShipment, Status>>;

    async fn process_orders(
        &self,
        _: Request<Streaming<String>>,
    ) -> Result<Response<Self::processOrdersStream>, Status> {
        Err(Status::unimplemented("not needed"))
    }
}

#[tokio::test]
async fn a_method_can_switch_compression_off_for_its_response() {
    let gzip = CompressionEncoding::Gzip;
    let channel =
        in_memory(OrderManagementServer::new(Uncompressed).send_compressed(gzip)).await;
    let headers = [("grpc-accept-encoding", "gzip")];
    let answer = call(&channel, "addOrder", &headers, plain(&Order::default())).await;
    assert_eq!(answer.messages()[0].0, 1);
    let answer = call(&channel, "getOrder", &headers, plain(&id())).await;
    // The header remains. It only says what the flag 1 would mean.
    assert_eq!(answer.header("grpc-encoding"), Some("gzip"));
    assert_eq!(answer.messages()[0].0, 0);
    let mut client = OrderManagementClient::new(channel).accept_compressed(gzip);
    assert_eq!(client.get_order(id()).await.unwrap().into_inner().id, "106");
}

#[tokio::test]
async fn a_method_cannot_switch_compression_off_for_a_stream() {
    let server =
        OrderManagementServer::new(Uncompressed).send_compressed(CompressionEncoding::Gzip);
    let headers = [("grpc-accept-encoding", "gzip")];
    let answer = call(&in_memory(server).await, "searchOrders", &headers, plain(&id())).await;
    assert_eq!(answer.messages()[0].0, 1);
}

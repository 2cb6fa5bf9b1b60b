//! The client by hand against a server of tonic's.

use std::{future::pending, sync::Mutex, time::Duration};

use productinfo::server::Products;
use prost::Message;
use proto::ecommerce::{
    Product, ProductId,
    product_info_server::{ProductInfo, ProductInfoServer},
};
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};
use under_the_hood::{
    call::Call,
    connection::Connection,
    encode::product,
    status::{DEADLINE_EXCEEDED, INVALID_ARGUMENT, NOT_FOUND, UNAVAILABLE, UNIMPLEMENTED},
};

const ADD_PRODUCT: &str = "/ecommerce.ProductInfo/addProduct";
const GET_PRODUCT: &str = "/ecommerce.ProductInfo/getProduct";
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts an ordinary server with this service, and connects to it.
async fn connect(service: impl ProductInfo) -> Connection {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(
        Server::builder()
            .add_service(ProductInfoServer::new(service))
            .serve_with_incoming(TcpIncoming::from(listener)),
    );
    Connection::open(&addr, None).await.expect("it listens")
}

async fn products() -> Connection {
    connect(Products::default()).await
}

/// Makes a unary call, and decodes its answer with prost.
async fn unary<M: Message + Default>(
    connection: &Connection,
    path: &str,
    message: &[u8],
) -> Result<M, under_the_hood::status::Status> {
    let call = connection.call(path, message, PATIENCE).await?;
    Ok(M::decode(call.only_message().await?).expect("it is such a message"))
}

fn id(value: &str) -> Vec<u8> {
    ProductId { value: value.into() }.encode_to_vec()
}

#[tokio::test]
async fn a_product_that_is_added_can_be_got() {
    let connection = products().await;
    let watch = Product { name: "Apple Watch S4".into(), price: 400.0, ..Product::default() };
    let message = product(&watch).bytes();
    let ProductId { value } =
        unary(&connection, ADD_PRODUCT, &message).await.expect("it is good");
    let got =
        unary::<Product>(&connection, GET_PRODUCT, &id(&value)).await.expect("it is there");
    assert_eq!(got, Product { id: value, ..watch });
}

#[tokio::test]
async fn an_error_comes_with_its_code_and_its_message_whatever_the_language() {
    let connection = products().await;
    let id = id("없는 상품 100%");
    let error = unary::<Product>(&connection, GET_PRODUCT, &id).await;
    let error = error.expect_err("it is not there");
    assert_eq!(error.code, NOT_FOUND);
    assert_eq!(error.message, "product \"없는 상품 100%\" does not exist");
}

#[tokio::test]
async fn a_method_that_does_not_exist_is_unimplemented() {
    let connection = products().await;
    let path = "/ecommerce.ProductInfo/sellProduct";
    let error =
        unary::<Product>(&connection, path, &id("x")).await.expect_err("it does not exist");
    assert_eq!(error.code, UNIMPLEMENTED);
}

#[tokio::test]
async fn a_message_in_several_frames_is_put_together_in_both_directions() {
    let connection = products().await;
    // 1 MiB is 16 times what a stream takes at first, and what HTTP/2 puts into a frame is 16 KiB.
    for length in [16 * 1024, 64 * 1024, 1024 * 1024] {
        let sent = Product {
            name: "long".into(),
            description: "0123456789abcdef".repeat(length / 16),
            ..Product::default()
        };
        let message = product(&sent).bytes();
        let ProductId { value } =
            unary(&connection, ADD_PRODUCT, &message).await.expect("it is good");
        let got = unary::<Product>(&connection, GET_PRODUCT, &id(&value)).await;
        assert_eq!(got, Ok(Product { id: value, ..sent }), "{length}");
    }
}

#[tokio::test]
async fn a_server_may_refuse_a_request_before_it_has_read_it() {
    // It takes no message of more than 4 MiB, and stops reading it.
    let connection = products().await;
    let sent = Product { name: "x".repeat(5 * 1024 * 1024), ..Product::default() };
    let error = unary::<ProductId>(&connection, ADD_PRODUCT, &product(&sent).bytes()).await;
    // That is tonic's code for it. Other servers say RESOURCE_EXHAUSTED.
    assert_eq!(error.expect_err("it is too long").code, 11);
    let nameless = unary::<ProductId>(&connection, ADD_PRODUCT, &[]).await;
    assert_eq!(
        nameless.expect_err("it has no name").code,
        INVALID_ARGUMENT,
        "the connection lives"
    );
}

#[tokio::test]
async fn a_server_may_answer_before_it_has_read_the_request_and_read_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("it connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            let head = http::Response::builder().header("content-type", "application/grpc");
            let head = head.body(()).expect("it is a response");
            let mut answer = respond.send_response(head, false).expect("the stream is open");
            tokio::spawn(async move {
                let mut body = request.into_body();
                while let Some(data) = body.data().await {
                    let length = data.expect("it comes").len();
                    body.flow_control().release_capacity(length).expect("it has come");
                }
                let message = under_the_hood::framing::frame(b"").expect("it is short");
                answer.send_data(message, false).expect("the stream is open");
                let ok = under_the_hood::status::Status::new(0, "");
                answer.send_trailers(ok.trailers()).expect("the stream is open");
            });
        }
    });
    let connection = Connection::open(&addr, None).await.expect("it listens");
    let call = connection.call(ADD_PRODUCT, &vec![0; 1_000_000], PATIENCE).await;
    let answer = call.expect("headers").only_message().await;
    assert_eq!(answer.expect("all has been read"), "");
}

/// Keeps its callers waiting, and tells when one has given up.
struct Waiting(Mutex<Option<tokio::sync::oneshot::Sender<()>>>);

#[tonic::async_trait]
impl ProductInfo for Waiting {
    async fn add_product(&self, _: Request<Product>) -> Result<Response<ProductId>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn get_product(
        &self,
        request: Request<ProductId>,
    ) -> Result<Response<Product>, Status> {
        assert!(request.metadata().contains_key("grpc-timeout"), "the server knows it too");
        // Dropped, and with it the receiver told, when the call is cancelled.
        let _gone = self.0.lock().unwrap().take();
        pending().await
    }
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_and_the_server_is_told() {
    let (sender, gone) = tokio::sync::oneshot::channel();
    let connection = connect(Waiting(Mutex::new(Some(sender)))).await;
    let call = connection.call(GET_PRODUCT, &id("x"), Duration::from_millis(50)).await;
    assert_eq!(call.map(drop).expect_err("nobody answers").code, DEADLINE_EXCEEDED);
    tokio::time::timeout(PATIENCE, gone)
        .await
        .expect("the call is cancelled")
        .expect_err("dropped");
}

#[tokio::test]
async fn what_is_not_grpc_is_told_from_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("it connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let response = http::Response::builder().status(503).body(()).expect("it is one");
            respond.send_response(response, true).expect("the stream is open");
        }
    });
    let connection = Connection::open(&addr, None).await.expect("it listens");
    let call: Result<Call, _> = connection.call(GET_PRODUCT, &id("x"), PATIENCE).await;
    let error = call.map(drop).expect_err("a proxy has answered");
    assert_eq!(error.code, UNAVAILABLE);
    assert!(error.message.contains("503"), "{}", error.message);
}

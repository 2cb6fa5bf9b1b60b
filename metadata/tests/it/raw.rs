//! A client without tonic: it sends the headers that a test wants, and returns those of the response
//! without changing them.

use bytes::Bytes;
use http::{HeaderMap, Request};
use metadata::server::serve;
use proto::ecommerce::order_management_client::OrderManagementClient;
use testing::start;
use tokio::net::TcpStream;
use tonic::transport::Channel;

/// A client with tonic, of a new server.
pub(crate) async fn client() -> OrderManagementClient<Channel> {
    OrderManagementClient::connect(format!("http://{}", start(serve).await)).await.unwrap()
}

/// The name of the server in each request.
pub(crate) const AUTHORITY: &str = "in.test";

/// A response, unchanged.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) http_status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) data: Vec<u8>,
    /// `None` if the headers ended the response.
    pub(crate) trailers: Option<HeaderMap>,
}

/// Calls a method of a new server. `message` is an encoded message, without its prefix.
pub(crate) async fn call(method: &str, headers: &[(&str, &str)], message: &[u8]) -> Answer {
    send(method, headers, message, true).await
}

/// The same, with or without a half-close after the message.
pub(crate) async fn send(
    method: &str,
    headers: &[(&str, &str)],
    message: &[u8],
    half_close: bool,
) -> Answer {
    let addr = start(serve).await;
    let stream = TcpStream::connect(&addr).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut request =
        Request::post(format!("http://{AUTHORITY}/ecommerce.OrderManagement/{method}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut client = client.ready().await.unwrap();
    let (response, mut body) = client.send_request(request.body(()).unwrap(), false).unwrap();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let message = [&[0], &length[..], message].concat();
    // If the server has answered already, it does not want the message.
    let _ = body.send_data(Bytes::from(message), half_close);

    let (head, mut body) = response.await.unwrap().into_parts();
    let http_status = head.status.as_u16();
    let mut answer =
        Answer { http_status, headers: head.headers, data: Vec::new(), trailers: None };
    while let Some(data) = body.data().await {
        answer.data.extend(data.unwrap());
    }
    answer.trailers = body.trailers().await.unwrap();
    answer
}

/// The message `StringValue` with this value, which must be short.
pub(crate) fn string(value: &str) -> Vec<u8> {
    [&[10, value.len().try_into().unwrap()], value.as_bytes()].concat()
}

/// The values of a header, in their order.
pub(crate) fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

//! The contract of the service.

use futures::{TryStreamExt, stream};
use keepalive::server::Echoes;
use proto::echo::{
    EchoRequest, EchoResponse, echo_client::EchoClient, echo_server::EchoServer,
};
use testing::in_memory;
use tonic::transport::Channel;

async fn client() -> EchoClient<Channel> {
    EchoClient::new(in_memory(EchoServer::new(Echoes)).await)
}

fn request(message: &str) -> EchoRequest {
    EchoRequest { message: message.into() }
}

fn answer(message: &str) -> EchoResponse {
    EchoResponse { message: message.into() }
}

#[tokio::test]
async fn a_unary_call_returns_the_message() {
    let reply = client().await.unary_echo(request("one")).await.unwrap();
    assert_eq!(reply.into_inner(), answer("one"));
}

#[tokio::test]
async fn a_server_stream_has_the_message_once() {
    let reply = client().await.server_streaming_echo(request("one")).await.unwrap();
    assert_eq!(reply.into_inner().try_collect::<Vec<_>>().await.unwrap(), [answer("one")]);
}

#[tokio::test]
async fn a_client_stream_returns_the_last_message() {
    let requests = stream::iter([request("one"), request("two")]);
    let reply = client().await.client_streaming_echo(requests).await.unwrap();
    assert_eq!(reply.into_inner(), answer("two"));
}

#[tokio::test]
async fn a_bidirectional_stream_returns_each_message() {
    let requests = stream::iter([request("one"), request("two")]);
    let reply = client().await.bidirectional_streaming_echo(requests).await.unwrap();
    let answers = reply.into_inner().try_collect::<Vec<_>>().await.unwrap();
    assert_eq!(answers, [answer("one"), answer("two")]);
}

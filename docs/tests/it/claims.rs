//! Statements of the phrasebook about tonic that no example shows.

use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt};
use hyper_util::rt::TokioIo;
use proto::echo::{
    EchoRequest, EchoResponse,
    echo_client::EchoClient,
    echo_server::{Echo, EchoServer},
};
use testing::in_memory;
use tokio::time::timeout;
use tonic::{
    Code, Request, Response, Status, Streaming,
    metadata::{MetadataMap, MetadataValue},
    transport::{Channel, Endpoint, Server},
};

type Answers = BoxStream<'static, Result<EchoResponse, Status>>;

/// Sends headers, and on a stream also a message and trailers.
struct Talkative;

fn answer<T>(message: T) -> Response<T> {
    let mut response = Response::new(message);
    response.metadata_mut().insert("location", MetadataValue::from_static("San Jose"));
    response
}

#[tonic::async_trait]
impl Echo for Talkative {
    async fn unary_echo(
        &self,
        _: Request<EchoRequest>,
    ) -> Result<Response<EchoResponse>, Status> {
        Ok(answer(EchoResponse::default()))
    }

    type ServerStreamingEchoStream = Answers;

    async fn server_streaming_echo(
        &self,
        _: Request<EchoRequest>,
    ) -> Result<Response<Answers>, Status> {
        let mut trailers = MetadataMap::new();
        trailers.insert("count", MetadataValue::from_static("1"));
        let end = Status::with_metadata(Code::Ok, "", trailers);
        Ok(answer(stream::iter([Ok(EchoResponse::default()), Err(end)]).boxed()))
    }

    async fn client_streaming_echo(
        &self,
        _: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<EchoResponse>, Status> {
        Err(Status::unimplemented("no test calls it"))
    }

    type BidirectionalStreamingEchoStream = Answers;

    async fn bidirectional_streaming_echo(
        &self,
        _: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<Answers>, Status> {
        Ok(answer(stream::pending().boxed()))
    }
}

async fn client() -> EchoClient<Channel> {
    EchoClient::new(in_memory(EchoServer::new(Talkative)).await)
}

#[tokio::test]
async fn an_error_with_code_ok_ends_a_stream_well_with_its_metadata_as_trailers() {
    let answers = client().await.server_streaming_echo(EchoRequest::default()).await.unwrap();
    let mut answers = answers.into_inner();
    assert!(answers.message().await.unwrap().is_some());
    assert_eq!(answers.message().await.unwrap(), None);
    let trailers = answers.trailers().await.unwrap().expect("there are trailers");
    assert_eq!(trailers.get("count").unwrap(), "1");
}

#[tokio::test]
async fn the_headers_of_an_answer_come_before_the_first_message_of_its_stream() {
    let answers = client().await.bidirectional_streaming_echo(stream::pending()).await.unwrap();
    assert_eq!(answers.metadata().get("location").unwrap(), "San Jose");
}

#[tokio::test]
async fn the_metadata_of_a_unary_answer_are_its_headers_and_its_trailers() {
    let answer = client().await.unary_echo(EchoRequest::default()).await.unwrap();
    assert_eq!(answer.metadata().get("location").unwrap(), "San Jose");
    assert_eq!(answer.metadata().get("grpc-status").unwrap(), "0");
}

#[test]
#[should_panic(expected = "HeaderName::from_static")]
fn a_key_in_upper_case_panics() {
    MetadataMap::new().insert("KN", MetadataValue::from_static("vn"));
}

/// A stream that is never answered and a channel, after 12 s of a connection whose age is 10 s.
async fn aged(server: Server) -> (Streaming<EchoResponse>, EchoClient<Channel>) {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let router = { server }.add_service(EchoServer::new(Talkative));
    tokio::spawn(
        router.serve_with_incoming(tokio_stream::once(Ok::<_, std::io::Error>(theirs))),
    );
    let mut ours = Some(TokioIo::new(ours));
    let connector = tower::service_fn(move |_| {
        let ours = ours.take().ok_or_else(|| std::io::Error::other("it is the only one"));
        async { ours }
    });
    let endpoint = Endpoint::from_static("http://in.memory");
    let mut client = EchoClient::new(endpoint.connect_with_connector(connector).await.unwrap());
    let answers = client.bidirectional_streaming_echo(stream::pending()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(12)).await;
    (answers.into_inner(), client)
}

#[tokio::test(start_paused = true)]
async fn at_its_age_a_connection_takes_no_call_more_and_what_is_in_flight_goes_on() {
    let (mut answers, mut client) =
        aged(Server::builder().max_connection_age(Duration::from_secs(10))).await;
    client.unary_echo(EchoRequest::default()).await.expect_err("it has sent GOAWAY");
    let more = timeout(Duration::from_secs(60), answers.message()).await;
    assert!(more.is_err(), "it has ended: {more:?}");
}

#[tokio::test(start_paused = true)]
async fn with_a_grace_a_connection_is_cut_without_a_goaway_before() {
    let server = Server::builder().max_connection_age(Duration::from_secs(10));
    let server = server.max_connection_age_grace(Duration::from_secs(5));
    let (mut answers, mut client) = aged(server).await;
    client.unary_echo(EchoRequest::default()).await.expect("it is as it was");
    let end = timeout(Duration::from_secs(60), answers.message()).await.expect("it is cut");
    end.expect_err("it is cut");
}

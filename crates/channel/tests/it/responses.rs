//! Responses that are not an ordinary gRPC response (row for row as "HTTP to gRPC Status Code
//! Mapping" and "gRPC over HTTP2" specify them).

use channel::Channel;
use http::Response;
use proto::echo::{EchoRequest, echo_client::EchoClient};
use tonic::{Code, Status};

use crate::network::{Network, connect, told};

/// The status of a call that is answered with these headers, `:status` among them.
async fn status(headers: &[(&str, &str)]) -> Status {
    let network = Network::default();
    let (mut incoming, _stop) = network.listen(1);
    let mut response = Response::builder();
    for (name, value) in headers {
        response = match *name {
            ":status" => response.status(*value),
            name => response.header(name, *value),
        };
    }
    let response = response.body(()).expect("the headers are valid");
    tokio::spawn(async move {
        let stream = incoming.recv().await.expect("the channel connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        let (_, mut call) = connection.accept().await.expect("a call").expect("no error");
        call.send_response(response, true).expect("the stream is open");
        while connection.accept().await.is_some() {}
    });
    let channel = Channel::over(told(&[1]).1).connector(connect(&network)).build();
    EchoClient::new(channel).unary_echo(EchoRequest::default()).await.expect_err("no message")
}

#[tokio::test(start_paused = true)]
async fn without_a_grpc_status_the_http_status_decides() {
    for (http, code) in [
        ("400", Code::Internal),
        ("401", Code::Unauthenticated),
        ("404", Code::Unimplemented),
        ("502", Code::Unavailable),
        ("500", Code::Unknown),
    ] {
        let status = status(&[(":status", http), ("content-type", "text/html")]).await;
        assert_eq!(status.code(), code);
        let message = format!("10.0.0.1:50051 answered with HTTP status {http}");
        assert!(status.message().starts_with(&message), "{status:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_grpc_status_counts_whatever_the_http_status_is() {
    let status = status(&[
        (":status", "503"),
        ("content-type", "application/grpc"),
        ("grpc-status", "8"),
        ("grpc-message", "too much"),
        ("grpc-status-details-bin", "AQI"),
        ("grpc-retry-pushback-ms", "100"),
    ])
    .await;
    assert_eq!((status.code(), status.message()), (Code::ResourceExhausted, "too much"));
    assert_eq!(status.details(), [1, 2]);
    assert_eq!(status.metadata().get("grpc-retry-pushback-ms").expect("it is kept"), "100");
}

#[tokio::test(start_paused = true)]
async fn another_content_type_with_http_status_200_is_unknown() {
    let status = status(&[(":status", "200"), ("content-type", "text/html")]).await;
    assert_eq!(status.code(), Code::Unknown);
    let message = "10.0.0.1:50051 answered with HTTP status 200 OK, content-type \"text/html\"";
    assert_eq!(status.message(), message);
}

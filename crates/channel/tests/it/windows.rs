//! Flow control: a caller that reads late costs neither its messages nor the connection.

use bytes::Bytes;
use channel::Channel;
use futures::future::join_all;
use http::{HeaderMap, HeaderValue, Response};
use proto::echo::{EchoRequest, echo_client::EchoClient};

use crate::network::{Network, connect, settle, told};

/// So many of the smallest messages, of 5 bytes, fill the window of a stream.
const MESSAGES: usize = 13_107;

#[tokio::test(start_paused = true)]
async fn fifty_callers_that_read_late_get_all_of_many_small_messages() {
    let network = Network::default();
    let (mut incoming, _stop) = network.listen(1);
    tokio::spawn(async move {
        let stream = incoming.recv().await.expect("the channel connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        while let Some(Ok((_, mut call))) = connection.accept().await {
            let head = Response::builder().header("content-type", "application/grpc");
            let head = head.body(()).expect("the headers are valid");
            let mut body = call.send_response(head, false).expect("the stream is open");
            for _ in 0..MESSAGES {
                // Each is a separate DATA frame.
                body.send_data(Bytes::from_static(&[0; 5]), false).expect("it is open");
            }
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", HeaderValue::from_static("0"));
            body.send_trailers(trailers).expect("the stream is open");
        }
    });
    let channel = Channel::over(told(&[1]).1).connector(connect(&network)).build();
    let calls = (0..50).map(|_| {
        let mut client = EchoClient::new(channel.clone());
        async move { client.server_streaming_echo(EchoRequest::default()).await }
    });
    let calls = join_all(calls).await;
    // Everything arrives that the windows allow.
    settle().await;
    for call in calls {
        let mut messages = call.expect("the connection is open").into_inner();
        let mut count = 0;
        while messages.message().await.expect("the connection is open").is_some() {
            count += 1;
        }
        assert_eq!(count, MESSAGES);
    }
    assert_eq!(network.attempts(1).len(), 1, "all on one connection");
}

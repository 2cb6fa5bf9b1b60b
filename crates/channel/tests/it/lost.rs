//! Calls whose connection ends.

use channel::Channel;
use proto::echo::{EchoRequest, echo_client::EchoClient};
use tonic::Code;

use crate::network::{Network, connect, settle, told};

#[tokio::test(start_paused = true)]
async fn a_call_whose_connection_is_lost_is_unavailable_and_names_the_backend() {
    let network = Network::default();
    let (mut incoming, _stop) = network.listen(1);
    let served = tokio::spawn(async move {
        let stream = incoming.recv().await.expect("the channel connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        let (_request, _respond) =
            connection.accept().await.expect("a call").expect("no error");
        // Keeps the call open until the connection ends.
        let _ = connection.accept().await;
    });
    let channel = Channel::over(told(&[1]).1).connector(connect(&network)).build();
    let mut client = EchoClient::new(channel);
    let call = tokio::spawn(async move { client.unary_echo(EchoRequest::default()).await });
    settle().await;
    network.kill(1);
    let status = call.await.expect("no panic").expect_err("the call is lost");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().starts_with("the connection to 10.0.0.1:50051 was lost: "));
    served.await.expect("no panic");
}

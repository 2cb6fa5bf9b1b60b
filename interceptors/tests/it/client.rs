//! The client against a server that is not ours.

use order_management::{orders::Orders, server::service};
use testing::{Process, start};
use tonic::transport::Server;

#[tokio::test]
async fn the_client_continues_when_a_server_needs_no_token() {
    let addr = start(|listener, shutdown| {
        Server::builder()
            .add_service(service(Orders::sample()))
            .serve_with_incoming_shutdown(launcher::incoming(listener), shutdown)
    })
    .await;
    let args = ["client", "--addr", &addr];
    let client = Process::start(env!("CARGO_BIN_EXE_interceptors"), &args).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
    let line = "client | addOrder(102) -> accepted; our server refuses this\n";
    assert!(client.stdout.ends_with(line), "{}", client.stdout);
    let line = "client | addOrder(101) -> \"Order Added: 101\"\n";
    assert!(client.stdout.contains(line), "no server name is printed: {}", client.stdout);
}

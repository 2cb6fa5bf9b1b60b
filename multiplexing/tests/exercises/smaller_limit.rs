//! 3. A smaller limit.

use std::{io, time::Duration};

use futures::StreamExt;
use hyper_util::rt::TokioIo;
use multiplexing::{client, server::services};
use testing::network::{Network, addr};
use tokio::time::timeout;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::Server;

/// Makes the client's calls to a server that allows `limit` calls at the same time.
async fn call_with(limit: u32) {
    let network = Network::default();
    let (incoming, _stop) = network.listen(1);
    let incoming = UnboundedReceiverStream::new(incoming).map(Ok::<_, io::Error>);
    tokio::spawn(
        Server::builder()
            .max_concurrent_streams(limit)
            .add_routes(services())
            .serve_with_incoming(incoming),
    );
    let connector = tower::service_fn(move |_| {
        let stream = network.connect(addr(1)).map(TokioIo::new);
        async { stream }
    });
    let endpoint = launcher::endpoint("in.memory:1").unwrap();
    let channel = endpoint.connect_with_connector(connector).await.unwrap();
    let calls = timeout(Duration::from_secs(30), client::call(channel)).await;
    assert!(calls.is_ok(), "with a limit of {limit} calls, the client must not hang");
    calls.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
#[ignore = "an exercise"]
async fn exercise_3_the_client_does_not_hang_with_a_smaller_limit() {
    for limit in [1_000, 200, 100, 10] {
        call_with(limit).await;
    }
}

//! The client as a process, against servers that are not ours.

use std::{convert::Infallible, io};

use http::{HeaderMap, HeaderValue};
use metadata::server::MAX_METADATA;
use testing::{Process, start};
use tokio::net::TcpListener;
use tonic::{body::Body, transport::Server};
use tower::{Service, service_fn};

async fn client(addr: &str) -> testing::Ended {
    Process::start(env!("CARGO_BIN_EXE_metadata"), &["client", "--addr", addr]).end().await
}

#[tokio::test]
async fn the_client_continues_when_a_server_has_no_metadata_and_a_low_limit() {
    let addr = start(order_management::server::serve).await;
    let ended = client(&addr).await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    for line in [
        "addOrder(101): location: none, id: none, date: none",
        "getOrder(106) -> 0 values of context-bin, changed; our server returns it",
        "searchOrders(\"Google\"): trailer orders-found: none",
        "getOrder(106) with 8 KiB of metadata -> OK",
        "getOrder(106) with 16 KiB of metadata -> UNKNOWN: grpc-status header missing, mapped from HTTP status code 431",
        // This server closes the connection, and the client connects again.
        "getOrder(106) with 200 KiB of metadata -> ",
        "client | getOrder(106) -> OK\n",
    ] {
        assert!(ended.stdout.contains(line), "{line} is not in {}", ended.stdout);
    }
}

/// A server that finds every order, and sends 100 KiB of headers with each response.
async fn serve_generously(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let orders = order_management::server::service(order_management::orders::Orders::sample());
    let service = service_fn(move |mut request: http::Request<Body>| {
        let mut orders = orders.clone();
        async move {
            if request.uri().path().ends_with("getOrder") {
                // The message is `StringValue { value: "106" }`.
                let message = http_body_util::Full::from(&b"\0\0\0\0\x05\x0a\x03106"[..]);
                *request.body_mut() = Body::new(message);
            }
            let mut response = orders.call(request).await?;
            let padding = HeaderValue::try_from("x".repeat(100 * 1024)).unwrap();
            response.headers_mut().insert("padding", padding);
            Ok::<_, Infallible>(response)
        }
    });
    Server::builder()
        .http2_max_header_list_size(1024 * 1024)
        .serve_with_incoming_shutdown(service, launcher::incoming(listener), shutdown)
        .await
}

#[tokio::test]
async fn the_client_accepts_a_server_with_100_kib_of_headers_that_refuses_nothing() {
    let ended = client(&start(serve_generously).await).await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    for line in [
        "getOrder(999) -> accepted; our server refuses this",
        "getOrder(106) with 200 KiB of metadata -> OK",
    ] {
        assert!(ended.stdout.contains(line), "{line} is not in {}", ended.stdout);
    }
}

/// A server that changes the response to each call of `order-management`, or resets the call.
async fn changed<F>(change: F) -> String
where
    F: Fn(&str, &mut HeaderMap) -> io::Result<()> + Copy + Send + 'static,
{
    start(move |listener, shutdown| {
        let orders =
            order_management::server::service(order_management::orders::Orders::sample());
        let service = service_fn(move |request: http::Request<Body>| {
            let mut orders = orders.clone();
            async move {
                let method = request.uri().path().to_owned();
                let Ok(mut response) = orders.call(request).await;
                change(&method, response.headers_mut()).map(|()| response)
            }
        });
        Server::builder().http2_max_header_list_size(MAX_METADATA).serve_with_incoming_shutdown(
            service,
            launcher::incoming(listener),
            shutdown,
        )
    })
    .await
}

#[tokio::test]
async fn the_client_prints_that_a_value_is_not_ascii() {
    let addr = changed(|_, headers| {
        headers.insert("location", HeaderValue::from_bytes("서울".as_bytes()).unwrap());
        Ok(())
    });
    let ended = client(&addr.await).await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let line = "addOrder(101): location: not ASCII, id: none";
    assert!(ended.stdout.contains(line), "{ended:?}");
}

#[tokio::test]
async fn the_client_exits_with_1_when_no_status_of_a_server_arrives() {
    // Only the call of an unknown order is reset, and all later calls would succeed.
    let addr = changed(|method, headers| {
        let unknown = method.ends_with("getOrder") && headers.contains_key("grpc-status");
        if unknown { Err(io::Error::other("the call is reset")) } else { Ok(()) }
    });
    let ended = client(&addr.await).await;
    assert!(ended.stdout.contains("trailer orders-found: none"), "{ended:?}");
    assert_eq!(ended.status, Some(1), "{ended:?}");
}

//! The client as a process, against servers that behave differently from ours.

use std::{convert::Infallible, error::Error};

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use health::registry::ServingStatus;
use http::HeaderValue;
use testing::{Process, start};
use tokio::{net::TcpListener, sync::oneshot};
use tonic::{
    Request, Response, Status,
    body::Body,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_server::{Health, HealthServer},
};
use tower::service_fn;

use crate::probe::{HEALTH, PROBE};

/// A health service as in Go or Java, without our database.
struct Other;

fn serving() -> HealthCheckResponse {
    HealthCheckResponse { status: ServingStatus::Serving.into() }
}

#[tonic::async_trait]
impl Health for Other {
    async fn check(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(serving()))
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let statuses = [Ok(serving()), Err(Status::unavailable("bye"))];
        Ok(Response::new(stream::iter(statuses).boxed()))
    }
}

#[tokio::test]
async fn the_status_unavailable_ends_a_watch() {
    let addr = start(|listener, _| {
        Server::builder()
            .add_service(HealthServer::new(Other))
            .serve_with_incoming(TcpIncoming::from(listener))
    })
    .await;
    let ended = Process::start(HEALTH, &["client", "--addr", &addr]).end().await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stdout.ends_with("-> UNAVAILABLE: bye\n"), "{}", ended.stdout);
}

/// At shutdown, the servers of Go and Java cut open watches.
#[tokio::test]
async fn a_lost_connection_ends_a_watch() {
    let (cut, when_cut) = oneshot::channel();
    let addr = start(|listener, _| serve_and_cut(listener, when_cut)).await;
    let mut client = Process::start(HEALTH, &["client", "--addr", &addr]);
    client.line("end the server").await;
    cut.send(()).unwrap();
    let ended = client.end().await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let last = ended.stdout.lines().last().unwrap();
    assert!(last.contains("Watch(\"ecommerce.ProductInfo\") -> UNKNOWN"), "{last}");
}

/// A server in which everything is SERVING. It closes its connection when `cut` ends.
async fn serve_and_cut(
    listener: TcpListener,
    mut cut: oneshot::Receiver<()>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let (stream, _) = listener.accept().await?;
    let mut connection = h2::server::handshake(stream).await?;
    let mut watches = Vec::new();
    loop {
        let (request, mut respond) = tokio::select! {
            call = connection.accept() => call.expect("the client stays")?,
            _ = &mut cut => return Ok(()),
        };
        let answer = http::Response::builder().header("content-type", "application/grpc");
        let mut body = respond.send_response(answer.body(())?, false)?;
        let message = Bytes::from_static(b"\0\0\0\0\x02\x08\x01");
        match request.uri().path() {
            "/grpc.health.v1.Health/Check" => {
                body.send_data(message, false)?;
                body.send_trailers(status("0"))?;
            }
            "/grpc.health.v1.Health/Watch" => {
                body.send_data(message, false)?;
                watches.push(body);
            }
            _ => body.send_trailers(status("12"))?,
        }
    }
}

fn status(code: &'static str) -> http::HeaderMap {
    let mut trailers = http::HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(code));
    trailers
}

/// tonic 0.14.9 panics over such details.
#[tokio::test]
async fn a_panic_in_tonic_ends_the_probe_with_3_and_the_client_with_1() {
    let addr = start(|listener, _| {
        let service = service_fn(async |_: http::Request<Body>| {
            let mut response = http::Response::new(Body::empty());
            for (name, value) in [
                ("content-type", "application/grpc"),
                ("grpc-status", "5"),
                ("grpc-status-details-bin", "!!!"),
            ] {
                response.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            Ok::<_, Infallible>(response)
        });
        Server::builder().serve_with_incoming(service, TcpIncoming::from(listener))
    })
    .await;
    for (program, args, status) in [
        (PROBE, &["-addr", &addr][..], 3),
        (HEALTH, &["probe", "--addr", &addr][..], 3),
        (HEALTH, &["client", "--addr", &addr][..], 1),
    ] {
        let ended = Process::start(program, args).end().await;
        assert_eq!(ended.status, Some(status), "{args:?}: {ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("Invalid status header"), "{args:?}: {}", ended.stderr);
    }
}

//! The server: the service `Echo`, and [`serve`], which finds clients that have gone away.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use launcher::{builder, incoming, transcript};
use proto::echo::{
    EchoRequest, EchoResponse,
    echo_server::{Echo, EchoServer},
};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, Streaming, codegen::BoxStream, transport};

/// The service `grpc.examples.echo.Echo`.
#[derive(Debug, Default)]
pub struct Echoes;

/// Whatever an open stream needs: a subscription, a database cursor, a place in a list of users.
struct Resources;

impl Drop for Resources {
    // Rust runs this when the stream is dropped, however it ended. A handler in Go or Java has to wait
    // for the cancellation of its context, and to clean up then.
    fn drop(&mut self) {
        transcript!(server, "the stream was dropped, and its resources are free");
    }
}

type Answers = BoxStream<EchoResponse>;
type Requests = Request<Streaming<EchoRequest>>;
type Reply<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl Echo for Echoes {
    async fn unary_echo(&self, request: Request<EchoRequest>) -> Reply<EchoResponse> {
        Ok(Response::new(EchoResponse { message: request.into_inner().message }))
    }

    type ServerStreamingEchoStream = Answers;

    async fn server_streaming_echo(&self, request: Request<EchoRequest>) -> Reply<Answers> {
        let answer = EchoResponse { message: request.into_inner().message };
        Ok(Response::new(stream::iter([Ok(answer)]).boxed()))
    }

    async fn client_streaming_echo(&self, requests: Requests) -> Reply<EchoResponse> {
        let last = async |_, EchoRequest { message }| Ok(EchoResponse { message });
        Ok(Response::new(requests.into_inner().try_fold(EchoResponse::default(), last).await?))
    }

    type BidirectionalStreamingEchoStream = Answers;

    /// Echoes each message. Between them, neither side sends anything. Only keepalive can find out
    /// that the client has gone.
    async fn bidirectional_streaming_echo(&self, requests: Requests) -> Reply<Answers> {
        transcript!(server, "a stream was opened");
        let resources = Resources;
        let answers = requests.into_inner().map_ok(move |request| {
            // This moves the resources into the stream, and they are dropped with it.
            let _ = &resources;
            EchoResponse { message: request.message }
        });
        Ok(Response::new(answers.boxed()))
    }
}

/// Serves on `listener`. When `shutdown` ends, it finishes the calls in flight.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    builder()
        // After this much silence, the server sends a PING. It does so with and without calls, so it
        // finds idle connections too. Without this line, a tonic server never sends one.
        // Production: a minute or more. This value is short, so that you need not wait.
        .http2_keepalive_interval(Some(Duration::from_secs(2)))
        // If the PING is not answered in this time, the server closes the connection.
        // Production: well above the slowest round trip. The default is 20 s, as in Go and Java.
        .http2_keepalive_timeout(Some(Duration::from_secs(1)))
        .add_service(EchoServer::new(Echoes))
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await
}

//! The server: a backend that says its address in each answer.

use std::{future::ready, net::SocketAddr};

use futures::{
    TryStreamExt,
    stream::{self, BoxStream, StreamExt},
};
use launcher::{builder, incoming};
use proto::echo::{
    EchoRequest, EchoResponse,
    echo_server::{Echo, EchoServer},
};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, Streaming};

/// The service `grpc.examples.echo.Echo` of the backend with this address.
#[derive(Clone, Copy, Debug)]
pub struct Backend(pub SocketAddr);

impl Backend {
    fn answer(self, request: &EchoRequest) -> EchoResponse {
        EchoResponse { message: format!("{} (from {})", request.message, self.0) }
    }
}

type Answers = BoxStream<'static, Result<EchoResponse, Status>>;

#[tonic::async_trait]
impl Echo for Backend {
    async fn unary_echo(
        &self,
        request: Request<EchoRequest>,
    ) -> Result<Response<EchoResponse>, Status> {
        Ok(Response::new(self.answer(request.get_ref())))
    }

    type ServerStreamingEchoStream = Answers;

    /// Echoes the message three times.
    async fn server_streaming_echo(
        &self,
        request: Request<EchoRequest>,
    ) -> Result<Response<Answers>, Status> {
        let answer = self.answer(request.get_ref());
        Ok(Response::new(stream::iter(vec![answer; 3]).map(Ok).boxed()))
    }

    /// Echoes the last message.
    async fn client_streaming_echo(
        &self,
        request: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<EchoResponse>, Status> {
        let requests = request.into_inner();
        let last = requests.try_fold(EchoRequest::default(), |_, next| ready(Ok(next))).await?;
        Ok(Response::new(self.answer(&last)))
    }

    type BidirectionalStreamingEchoStream = Answers;

    async fn bidirectional_streaming_echo(
        &self,
        request: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<Answers>, Status> {
        let backend = *self;
        let answers = request.into_inner().map_ok(move |request| backend.answer(&request));
        Ok(Response::new(answers.boxed()))
    }
}

/// Serves one backend on `listener`. When `shutdown` ends, it finishes the calls in flight.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), launcher::Error> {
    let backend = Backend(listener.local_addr()?);
    builder()
        .add_service(EchoServer::new(backend))
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await?;
    Ok(())
}

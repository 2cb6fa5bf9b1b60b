//! The server's side: a backend, which says who it is in all that it answers.

use std::net::SocketAddr;

use futures::{
    TryStreamExt,
    stream::{self, BoxStream, StreamExt},
};
use launcher::incoming;
use proto::echo::{
    EchoRequest, EchoResponse,
    echo_server::{Echo, EchoServer},
};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, Streaming, transport::Server};

/// The service `grpc.examples.echo.Echo` of one backend.
#[derive(Clone, Copy, Debug)]
pub struct Backend {
    /// Where it serves.
    pub addr: SocketAddr,
}

impl Backend {
    fn answer(self, request: &EchoRequest) -> EchoResponse {
        EchoResponse { message: format!("{} (from {})", request.message, self.addr) }
    }
}

#[tonic::async_trait]
impl Echo for Backend {
    async fn unary_echo(
        &self,
        request: Request<EchoRequest>,
    ) -> Result<Response<EchoResponse>, Status> {
        Ok(Response::new(self.answer(request.get_ref())))
    }

    type ServerStreamingEchoStream = BoxStream<'static, Result<EchoResponse, Status>>;

    /// Answers three times.
    async fn server_streaming_echo(
        &self,
        request: Request<EchoRequest>,
    ) -> Result<Response<Self::ServerStreamingEchoStream>, Status> {
        let answer = self.answer(request.get_ref());
        Ok(Response::new(stream::iter(vec![answer; 3]).map(Ok).boxed()))
    }

    /// Answers the last message.
    async fn client_streaming_echo(
        &self,
        request: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<EchoResponse>, Status> {
        let mut requests = request.into_inner();
        let mut last = EchoRequest::default();
        while let Some(request) = requests.message().await? {
            last = request;
        }
        Ok(Response::new(self.answer(&last)))
    }

    type BidirectionalStreamingEchoStream = BoxStream<'static, Result<EchoResponse, Status>>;

    async fn bidirectional_streaming_echo(
        &self,
        request: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<Self::BidirectionalStreamingEchoStream>, Status> {
        let backend = *self;
        let answers = request.into_inner().map_ok(move |request| backend.answer(&request));
        Ok(Response::new(answers.boxed()))
    }
}

/// Serves one backend on `listener` until `shutdown` ends and the last call is answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), launcher::Error> {
    let backend = Backend { addr: listener.local_addr()? };
    Server::builder()
        .max_concurrent_streams(200)
        .add_service(EchoServer::new(backend))
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await?;
    Ok(())
}

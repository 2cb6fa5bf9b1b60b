//! Backends whose answers a test decides, and a stub that repeats its calls to them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use channel::{Backoff, RoundRobin};
use futures::stream::{self, BoxStream};
use proto::echo::{
    EchoRequest, EchoResponse,
    echo_client::EchoClient,
    echo_server::{Echo, EchoServer},
};
use retries::{
    client::UNARY_ECHO,
    retries::{Retries, RetryPolicy},
};
use tokio::sync::Notify;
use tonic::{Request, Response, Status, Streaming, metadata::MetadataMap, service::Routes};

use crate::network::{Network, channel};

/// A backend whose answers are the test's.
#[derive(Clone, Default)]
pub(crate) struct Scripted {
    /// The statuses of the next calls, in reverse order. Without one, a call is answered.
    pub(crate) failures: Arc<Mutex<Vec<Status>>>,
    /// The metadata of all calls.
    pub(crate) calls: Arc<Mutex<Vec<MetadataMap>>>,
    /// Calls whose message is "wait" do.
    pub(crate) go: Arc<Notify>,
}

impl Scripted {
    pub(crate) fn failing(failures: Vec<Status>) -> Self {
        Self { failures: Arc::new(Mutex::new(failures)), ..Self::default() }
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    fn called<T>(&self, request: Request<T>) -> Result<T, Status> {
        let (metadata, _, message) = request.into_parts();
        self.calls.lock().unwrap().push(metadata);
        match self.failures.lock().unwrap().pop() {
            Some(status) => Err(status),
            None => Ok(message),
        }
    }
}

type Answers = BoxStream<'static, Result<EchoResponse, Status>>;

#[tonic::async_trait]
impl Echo for Scripted {
    async fn unary_echo(
        &self,
        request: Request<EchoRequest>,
    ) -> Result<Response<EchoResponse>, Status> {
        let message = self.called(request)?.message;
        if message == "wait" {
            self.go.notified().await;
        }
        Ok(Response::new(EchoResponse { message }))
    }

    type ServerStreamingEchoStream = Answers;

    /// Answers once, and then is not there any more.
    async fn server_streaming_echo(
        &self,
        request: Request<EchoRequest>,
    ) -> Result<Response<Answers>, Status> {
        self.called(request)?;
        let answers = [Ok(EchoResponse::default()), Err(Status::unavailable("gone"))];
        Ok(Response::new(Box::pin(stream::iter(answers))))
    }

    /// Reads a message, and then does what the script says.
    async fn client_streaming_echo(
        &self,
        request: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<EchoResponse>, Status> {
        let (metadata, extensions, mut messages) = request.into_parts();
        let mut message = messages.message().await?.expect("there is one").message;
        self.called(Request::from_parts(metadata, extensions, ()))?;
        while let Some(next) = messages.message().await? {
            message.push_str(&next.message);
        }
        Ok(Response::new(EchoResponse { message }))
    }

    type BidirectionalStreamingEchoStream = Answers;

    async fn bidirectional_streaming_echo(
        &self,
        _: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<Answers>, Status> {
        Err(Status::unimplemented("it is not needed here"))
    }
}

/// A client-streaming method whose calls may be repeated. Its response is one message too.
pub(crate) const STREAMING_ECHO: &str = "/grpc.examples.echo.Echo/ClientStreamingEcho";

/// A stub to these backends, and the network that they are on. Calls of `UnaryEcho` and
/// `ClientStreamingEcho` may be repeated.
pub(crate) async fn stub(
    backends: &[&Scripted],
    max_attempts: u32,
) -> (EchoClient<Retries>, Network) {
    let network = Network::default();
    for (number, backend) in (1..).zip(backends) {
        network.serve(number, Routes::new(EchoServer::new((*backend).clone())));
    }
    let numbers = (1..).take(backends.len()).collect::<Vec<u8>>();
    let channel = channel(&network, &numbers).policy(RoundRobin::default()).build();
    channel.connected().await;
    let backoff =
        Backoff { initial: Duration::from_millis(100), jitter: 0.0, ..Backoff::default() };
    // Not all fields at once: an exercise adds one.
    let policy = RetryPolicy { max_attempts, ..RetryPolicy::default() };
    let policy = RetryPolicy { backoff, ..policy };
    let retries = Retries::new(channel).unary(UNARY_ECHO, policy).unary(STREAMING_ECHO, policy);
    (EchoClient::new(retries), network)
}

/// A request with this message.
pub(crate) fn say(message: &str) -> EchoRequest {
    EchoRequest { message: message.into() }
}

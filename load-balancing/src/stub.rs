//! The ways to several backends, side by side behind one type of stub.

use std::time::Duration;

use http::{Request, Response};
use proto::echo::echo_client::EchoClient;
use tonic::{
    Status,
    body::Body,
    codegen::{Body as HttpBody, Bytes, StdError},
    transport::{self, Endpoint},
};
use tower::{Service, ServiceExt, util::BoxCloneSyncService};

use crate::retries::{Retries, RetryPolicy};
use channel::Channel;

/// A stub over any of the ways.
pub type Stub = EchoClient<BoxCloneSyncService<Request<Body>, Response<Body>, Status>>;

/// The method that all calls here are of. Its calls may be made twice: an echo does no harm.
pub const UNARY_ECHO: &str = "/grpc.examples.echo.Echo/UnaryEcho";

/// A stub over a channel, as it comes.
pub fn stub<S, B>(channel: S) -> Stub
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<StdError>,
    S::Future: Send,
    B: HttpBody<Data = Bytes, Error: Into<StdError>> + Send + 'static,
{
    let one_type = channel
        .map_response(|response| response.map(Body::new))
        .map_err(|error| Status::from_error(error.into()));
    EchoClient::new(BoxCloneSyncService::new(one_type))
}

/// A stub over a channel of this crate, which repeats calls that were lost.
#[must_use]
pub fn repeating(channel: Channel) -> Stub {
    stub(Retries::new(channel).method(UNARY_ECHO, RetryPolicy::default()))
}

/// A stub over tonic's channel with one connection.
pub fn one_connection(addr: &str) -> Result<Stub, transport::Error> {
    Ok(stub(endpoint(addr)?.connect_lazy()))
}

/// A stub over tonic's channel with several.
pub fn balance_list(addrs: &[String]) -> Result<Stub, transport::Error> {
    let endpoints = addrs.iter().map(|addr| endpoint(addr)).collect::<Result<Vec<_>, _>>()?;
    Ok(stub(transport::Channel::balance_list(endpoints.into_iter())))
}

fn endpoint(addr: &str) -> Result<Endpoint, transport::Error> {
    let endpoint = Endpoint::from_shared(format!("http://{addr}"))?;
    Ok(endpoint.connect_timeout(Duration::from_secs(5)))
}

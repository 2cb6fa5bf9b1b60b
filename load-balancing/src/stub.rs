//! One type of stub for all channels that are compared here.

use std::time::Duration;

use http::{Request, Response};
use proto::echo::{EchoRequest, echo_client::EchoClient};
use tonic::{
    Status,
    body::Body,
    codegen::{Body as HttpBody, Bytes, StdError},
    transport,
};
use tower::{Service, ServiceExt, util::BoxCloneSyncService};

/// A stub over any channel. A program that uses only one kind of channel does not need this: its
/// stub is `EchoClient::new(channel)`.
pub type Stub = EchoClient<BoxCloneSyncService<Request<Body>, Response<Body>, Status>>;

/// A stub over `channel`.
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

/// tonic's channel to one address. It has one connection, which is sticky.
pub fn one_connection(addr: &str) -> Result<Stub, transport::Error> {
    Ok(stub(launcher::endpoint(addr)?.connect_lazy()))
}

/// tonic's channel to several addresses. Each call goes to one of two connections at random, the
/// one with fewer calls in flight.
pub fn balance_list(addrs: &[String]) -> Result<Stub, transport::Error> {
    let endpoints = addrs.iter().map(|addr| launcher::endpoint(addr));
    let endpoints = endpoints.collect::<Result<Vec<_>, _>>()?;
    Ok(stub(transport::Channel::balance_list(endpoints.into_iter())))
}

/// Makes one call. The book's client sends the same message.
pub(crate) async fn echo(mut stub: Stub) -> Result<String, Status> {
    let message = "this is examples/load_balancing".into();
    let mut request = tonic::Request::new(EchoRequest { message });
    request.set_timeout(Duration::from_secs(5));
    Ok(stub.unary_echo(request).await?.into_inner().message)
}

//! Two layers: one around a client's channel, and one around a server's services.

use std::{convert::Infallible, time::Duration};

use http::{Request, Response};
use tokio::time::Instant;
use tonic::{Status, body::Body, service::Routes, transport::Channel};
use tower::{Service, ServiceExt, service_fn, util::BoxCloneSyncService};
use wire::timeout;

use crate::deadline::{Deadline, Guard, limit, limit_body};

/// Production: how long a call may take on a server, even if its client sets a later deadline or none. It also
/// ends streams, so a server with longer streams needs more.
pub const MAX: Duration = Duration::from_secs(60);

/// A service that a stub can use as its channel, or tonic's server as its services.
pub type Calls<E> = BoxCloneSyncService<Request<Body>, Response<Body>, E>;

/// A channel whose calls all have a deadline, and end at it with DEADLINE_EXCEEDED.
///
/// `Request::set_timeout` sets the deadline of a call, or a [`Deadline`] in its extensions. The earlier one
/// counts. A call without either has the `default`.
#[must_use]
pub fn with_deadlines(channel: Channel, default: Duration) -> Calls<Status> {
    BoxCloneSyncService::new(service_fn(move |request| call(channel.clone(), request, default)))
}

async fn call(
    mut channel: Channel,
    request: Request<Body>,
    default: Duration,
) -> Result<Response<Body>, Status> {
    let after = |timeout| Deadline::after(Instant::now(), timeout);
    let timeout = timeout::get(request.headers()).map(after);
    let propagated = request.extensions().get().copied();
    let earliest = timeout.into_iter().chain(propagated).min();
    let deadline = earliest.unwrap_or_else(|| after(default));
    // A request that is not complete at the deadline ends with RST_STREAM. A half-close would be wrong,
    // because it says that the server has received everything.
    let cancel = || Err(Status::from_error(Box::new(h2::Error::from(h2::Reason::CANCEL))));
    let guard = || Guard { deadline, method: String::new() };
    let mut request = request.map(|body| limit_body(body, guard(), cancel));
    let response = async {
        // A timeout and not a point in time, because the clocks of two machines differ. If tonic has to
        // connect first, or the server's limit of concurrent calls is reached, less is left when this is
        // sent. Then our RST_STREAM at the deadline comes first.
        let channel = channel.ready().await?;
        let left = timeout::format(deadline.left());
        request.headers_mut().insert(timeout::HEADER, left);
        channel.call(request).await
    };
    // Without `limit`, our caller may see CANCELLED. tonic's timers end a call with that, here and in a
    // server. And servers in Go and Java may reset the stream, for which the reason is CANCEL. Before the
    // deadline, CANCELLED means what it says.
    let response: Result<_, tonic::transport::Error> = limit(response, guard()).await;
    response.map_err(|error| Status::from_error(error.into()))
}

/// The services of a server, with a [`Deadline`] in each request. A call ends at that time with
/// DEADLINE_EXCEEDED.
#[must_use]
pub fn enforce_deadlines(services: Routes) -> Calls<Infallible> {
    BoxCloneSyncService::new(service_fn(move |request| {
        // The async function is first polled after tonic has started its own timer. Ours must be earlier, or
        // clients might see CANCELLED. So the time starts here.
        enforce(services.clone(), request, Instant::now())
    }))
}

async fn enforce(
    services: Routes,
    mut request: Request<Body>,
    start: Instant,
) -> Result<Response<Body>, Infallible> {
    let header = request.headers().get(timeout::HEADER);
    let timeout = match header.map(|value| value.to_str().ok().and_then(timeout::parse)) {
        // Without a limit, such a call could take for ever.
        None => MAX,
        Some(Some(timeout)) => timeout.min(MAX),
        // The same status as in Go. tonic's own timer ignores such a header.
        Some(None) => return Ok(Status::internal("malformed grpc-timeout").into_http()),
    };
    let deadline = Deadline::after(start, timeout);
    request.extensions_mut().insert(deadline);
    let guard = Guard { deadline, method: request.uri().path().to_owned() };
    limit(services.oneshot(request), guard).await
}

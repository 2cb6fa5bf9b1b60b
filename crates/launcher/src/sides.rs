//! The three ways to run an example: its server, its client, or both in one process.

use std::{
    env,
    error::Error as _,
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use futures_util::future::try_join_all;
use tokio::{net::TcpListener, select, time::sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Code, Status, transport};

use crate::{
    address::check_addr,
    incoming::CALLS_IN_FLIGHT,
    signals::Signals,
    status::{Error, describe, root_cause},
    transcript,
};

/// Ends when a server has to stop: accept no more connections, finish its calls, and return.
pub type Shutdown = WaitForCancellationFutureOwned;

/// How long calls in flight may take to finish once the server is asked to stop.
pub const DRAIN: Duration = Duration::from_secs(10);

/// Serves on each of `addrs` until Ctrl-C or SIGTERM, and then drains: new connections are refused,
/// and calls in flight finish. A second signal, or 10 seconds, end those too, and make it an error.
///
/// All addresses are bound before the first is announced, so that no client connects to a server that
/// then fails to start.
pub async fn server<S, E>(addrs: &[String], serve: S) -> Result<(), Error>
where
    S: AsyncFn(TcpListener, Shutdown) -> Result<(), E>,
    E: Into<Error>,
{
    let mut signals = Signals::handle()?;
    let listeners = select! {
        listeners = try_join_all(addrs.iter().map(|addr| bind(addr))) => listeners?,
        // Looking up a host's name may take long.
        () = signals.next() => return Err(INTERRUPTED.into()),
    };
    for listener in &listeners {
        transcript!(server, "listening on {}", listener.local_addr()?);
    }
    let serve_all = async |shutdown: CancellationToken| {
        let serve = &serve;
        let servers = listeners.into_iter().map(|listener| {
            let shutdown = shutdown.clone().cancelled_owned();
            async { serve(listener, shutdown).await.map_err(Into::into) }
        });
        try_join_all(servers).await.map(drop)
    };
    serve_until(serve_all, signals, async |signals| {
        signals.next().await;
        transcript!(server, "draining: calls in flight have {DRAIN:?} to finish");
    })
    .await
}

/// Makes the example's calls to the server at `addr`.
///
/// Its error is one line: what failed, why, and what to do.
pub async fn client<C>(addr: &str, connect: C) -> Result<(), Error>
where
    C: AsyncFnOnce(String) -> Result<(), Error>,
{
    check_addr(addr)?;
    connect(addr.to_owned()).await.map_err(|error| explain(addr, error))
}

/// Runs both sides in this process, on a free port: the client as soon as the port is bound,
/// and the server until the client is done. The result is the client's.
pub async fn both<S, C, E>(serve: S, connect: C) -> Result<(), Error>
where
    S: AsyncFnOnce(TcpListener, Shutdown) -> Result<(), E>,
    C: AsyncFnOnce(String) -> Result<(), Error>,
    E: Into<Error>,
{
    let signals = Signals::handle()?;
    let listener = bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?.to_string();
    transcript!(server, "listening on {addr}");
    let serve = async |shutdown: CancellationToken| {
        serve(listener, shutdown.cancelled_owned()).await.map_err(Into::into)
    };
    let mut result = None;
    let served = serve_until(serve, signals, async |signals| {
        // The client need not wait until the server is ready: the system queues connections to a
        // bound port until the server accepts them.
        result = Some(select! {
            result = client(&addr, connect) => result,
            () = signals.next() => Err(INTERRUPTED.into()),
        });
    })
    .await;
    match result {
        // The client's error comes first: it is the reason why the server was asked to stop.
        Some(result) => result.and(served),
        None => served.and(Err("the server ended before its client did".into())),
    }
}

/// Why a program without a server ends at Ctrl-C or SIGTERM.
pub(crate) const INTERRUPTED: &str = "interrupted by a signal";

async fn bind(addr: &str) -> Result<TcpListener, Error> {
    check_addr(addr)?;
    TcpListener::bind(addr).await.map_err(|error| {
        format!("cannot listen on {addr}: {error}; choose another address with --addr").into()
    })
}

/// Serves until `stop` ends, then drains, for as long as [`DRAIN`] and the user's patience.
async fn serve_until(
    serve: impl AsyncFnOnce(CancellationToken) -> Result<(), Error>,
    mut signals: Signals,
    stop: impl AsyncFnOnce(&mut Signals),
) -> Result<(), Error> {
    let shutdown = CancellationToken::new();
    let in_flight = Arc::<AtomicUsize>::default();
    let mut serving =
        pin!(CALLS_IN_FLIGHT.scope(Arc::clone(&in_flight), serve(shutdown.clone())));
    select! {
        // Only a fault ends the server before it is asked to stop.
        result = &mut serving => return result,
        () = stop(&mut signals) => shutdown.cancel(),
    }
    // The calls that are left when this returns are cut off by the end of the process. Dropping
    // `serving` would not do that, because each connection is a separate task.
    let (result, reason) = select! {
        result = serving => (result, "the client did not react to the shutdown".to_owned()),
        () = signals.next() => (Ok(()), "a second signal ended the server".to_owned()),
        () = sleep(DRAIN) => (Ok(()), format!("the server was still busy after {DRAIN:?}")),
    };
    match in_flight.load(Relaxed) {
        0 => result,
        calls => {
            result?;
            let s = if calls == 1 { "" } else { "s" };
            Err(format!("cut off {calls} call{s}: {reason}; give calls a shorter deadline")
                .into())
        }
    }
}

/// Puts a client's error in one line: what failed, why, and what to do.
fn explain(addr: &str, error: Error) -> Error {
    if let Some(status) = error.downcast_ref::<Status>() {
        let reason = describe(status);
        let advice = match status.code() {
            // All examples serve on the same port by default, so it is easily the wrong one.
            Code::Unimplemented => "; is it the server of another example?",
            // tonic made this status. A server that does not speak HTTP/2 closes the connection, or answers.
            // As the header of a frame, the first bytes of HTTP/1.1 and of TLS are a huge length.
            _ if status.source().is_some()
                && ["invalid size", "was canceled", "broken pipe", "Connection reset"]
                    .iter()
                    .any(|cause| reason.contains(cause)) =>
            {
                "; does the server speak HTTP/2 without TLS?"
            }
            _ => "",
        };
        return format!("a call to {addr} failed: {reason}{advice}").into();
    }
    if error.is::<transport::Error>() {
        let reason = root_cause(error.as_ref());
        let advice = match reason.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => format!(
                "start the server with `cargo run -p {} -- server`, or pass its address with --addr",
                program()
            ),
            // TLS reports its errors as this kind.
            Some(io::ErrorKind::InvalidData) => "does the server use TLS and your CA?".into(),
            _ => "pass the server's address with --addr".into(),
        };
        return format!("cannot connect to {addr}: {reason}; {advice}").into();
    }
    error
}

/// The name of this program, which is its example's.
fn program() -> String {
    let path = env::current_exe().unwrap_or_default();
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

//! The three ways to run an example: its server, its client, or both in one process.

use std::{env, io, pin::pin, time::Duration};

use tokio::{net::TcpListener, select};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, transport};
use tracing::info;

use crate::{Error, Shutdown, command, describe, root_cause, signals::Signals};

/// How long calls in flight may take to finish once the server is told to stop.
pub const DRAIN: Duration = Duration::from_secs(10);

/// Serves on `addr` until Ctrl-C or SIGTERM, then drains: new connections are refused and
/// calls in flight finish. A second signal, or 10 seconds, end those too, and make it an error.
pub async fn server<S, E>(addr: &str, serve: S) -> Result<(), Error>
where
    S: AsyncFnOnce(TcpListener, Shutdown) -> Result<(), E>,
    E: Into<Error>,
{
    let mut signals = Signals::new()?;
    let listener = select! {
        listener = listen(addr) => listener?,
        // The host's name may take its time to be looked up.
        () = signals.next() => return Err("interrupted".into()),
    };
    serve_until(listener, serve, signals, async |signals| {
        signals.next().await;
        info!(target: "server", "draining: calls in flight have {DRAIN:?} to finish");
    })
    .await
}

/// Makes the example's calls to the server at `addr`.
pub async fn client<C>(addr: &str, connect: C) -> Result<(), Error>
where
    C: AsyncFnOnce(String) -> Result<(), Error>,
{
    command::check(addr)?;
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
    let signals = Signals::new()?;
    let listener = listen("127.0.0.1:0").await?;
    let addr = listener.local_addr()?.to_string();
    let mut result = None;
    let served = serve_until(listener, serve, signals, async |signals| {
        // No need to wait for the server to be ready: the system queues connections to a
        // bound port until somebody accepts them.
        result = Some(select! {
            result = client(&addr, connect) => result,
            () = signals.next() => Err("interrupted".into()),
        });
    })
    .await;
    match result {
        // What the client has to say comes first: it is why the server was told to stop.
        Some(result) => result.and(served),
        None => served.and(Err("the server ended before its client did".into())),
    }
}

/// Binds `addr`, and says so in the transcript.
pub async fn listen(addr: &str) -> Result<TcpListener, Error> {
    command::check(addr)?;
    let bound = async {
        let listener = TcpListener::bind(addr).await?;
        Ok::<_, std::io::Error>((listener.local_addr()?, listener))
    };
    let (local, listener) = bound.await.map_err(|error| {
        format!("cannot listen on {addr}: {error}; choose another address with --addr")
    })?;
    info!(target: "server", "listening on {local}");
    Ok(listener)
}

/// Serves until `stop` ends, then drains, for as long as [`DRAIN`] and the user's patience.
async fn serve_until<S, E>(
    listener: TcpListener,
    serve: S,
    mut signals: Signals,
    stop: impl AsyncFnOnce(&mut Signals),
) -> Result<(), Error>
where
    S: AsyncFnOnce(TcpListener, Shutdown) -> Result<(), E>,
    E: Into<Error>,
{
    let shutdown = CancellationToken::new();
    let mut serving = pin!(serve(listener, shutdown.clone().cancelled_owned()));
    select! {
        // The server ended by itself, which only a fault makes it do.
        result = &mut serving => return result.map_err(Into::into),
        () = stop(&mut signals) => shutdown.cancel(),
    }
    // Whoever still waits when this returns is cut off: dropping `serving` alone would not end
    // the connections, which are tasks of their own, but the end of the process does.
    select! {
        result = serving => result.map_err(Into::into),
        () = signals.next() => Err("ended by a second signal, with connections open".into()),
        () = tokio::time::sleep(DRAIN) => {
            Err(format!("ended after {DRAIN:?} of draining, with connections open").into())
        }
    }
}

/// Puts a client's error in one line that says what was tried, why it failed and what to do.
fn explain(addr: &str, error: Error) -> Error {
    if let Some(status) = error.downcast_ref::<Status>() {
        // All examples serve on the same port, so it is easily the wrong one.
        let advice = match status.code() {
            Code::Unimplemented => "; is it the server of another example?",
            _ => "",
        };
        return format!("a call to {addr} failed: {}{advice}", describe(status)).into();
    }
    if error.is::<transport::Error>() {
        let reason = root_cause(error.as_ref());
        let advice = match reason.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => format!(
                "start the server with `cargo run -p {} -- server`, or name where it is with --addr",
                program()
            ),
            _ => "name where the server is with --addr".into(),
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

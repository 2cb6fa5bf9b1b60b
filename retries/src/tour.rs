//! Both sides in one process: a backend is killed, drained and hangs under load, and the calls are
//! made without and with retries.

use std::{net::SocketAddr, thread, time::Duration};

use channel::{Backoff, Keepalive, RoundRobin, load};
use futures::{FutureExt, future::BoxFuture};
use launcher::{Error, transcript};
use load_balancing::server;
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    task::JoinHandle,
    time::sleep,
    try_join,
};
use tokio_util::sync::CancellationToken;

use crate::client::{channel, echo, stub};

/// How many calls are made around each event, how many at a time, the deadline of each, and how long
/// a backend hangs. All times are short, so that the tour takes only seconds.
const CALLS: usize = 1_200;
const CONCURRENCY: usize = 64;
const DEADLINE: Duration = Duration::from_secs(1);
const HANG: Duration = Duration::from_millis(1_500);

type Event = fn(&mut Backend) -> BoxFuture<'_, Result<(), Error>>;

/// Makes calls without and with retries while something happens to a backend.
pub async fn run() -> Result<(), Error> {
    let mut victim = Backend::start("127.0.0.1:0").await?;
    let others = [Backend::start("127.0.0.1:0").await?, Backend::start("127.0.0.1:0").await?];
    let addrs = [&victim, &others[0], &others[1]].map(|backend| backend.addr.to_string());
    for addr in &addrs {
        transcript!(server, "listening on {addr}");
    }
    let backoff = Backoff { initial: DEADLINE / 20, ..Backoff::default() };
    let keepalive = Keepalive { interval: DEADLINE / 5, timeout: DEADLINE / 5 };
    transcript!(client, "{CALLS} calls in each line, {CONCURRENCY} at a time");
    let events: [(&str, Event); 3] = [
        ("killed and restarted", |backend| backend.kill().boxed()),
        ("drained and restarted", |backend| backend.drain().boxed()),
        ("hangs for 1.5 s", |backend| backend.hang(HANG).boxed()),
    ];
    for (name, event) in events {
        for (max_attempts, retries) in [(1, "without retries"), (4, "with retries")] {
            let builder = channel(&addrs)?.policy(RoundRobin::default());
            let stub = stub(builder.backoff(backoff).keepalive(keepalive), max_attempts);
            let mut failed = 0;
            let mut a_third = async || {
                let call = || echo(stub.clone(), DEADLINE, false);
                let count = |result: Result<_, _>| failed += usize::from(result.is_err());
                load(CALLS / 3, CONCURRENCY, call, count).await
            };
            a_third().await?;
            // A few milliseconds later, calls are in flight.
            try_join!(a_third(), sleep(DEADLINE / 250).then(|()| event(&mut victim)))?;
            victim.restart().await?;
            a_third().await?;
            transcript!(client, "  {name}, {retries}: {failed} of {CALLS} calls failed");
        }
    }
    Ok(())
}

/// A backend with a separate runtime and thread. When the runtime ends, the port, the connections
/// and the calls end with it, as those of a process do.
pub struct Backend {
    pub addr: SocketAddr,
    runtime: Option<Runtime>,
    serving: JoinHandle<Result<(), Error>>,
    drain: CancellationToken,
}

impl Backend {
    /// Serves at `addr`. Port 0 is a free port.
    pub async fn start(addr: &str) -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.spawn(TcpListener::bind(addr.to_owned())).await??;
        let (addr, drain) = (listener.local_addr()?, CancellationToken::new());
        let serving = runtime.spawn(server::serve(listener, drain.clone().cancelled_owned()));
        Ok(Self { addr, runtime: Some(runtime), serving, drain })
    }

    /// Serves again, if it was killed or drained.
    pub async fn restart(&mut self) -> Result<(), Error> {
        if self.serving.is_finished() {
            *self = Self::start(&self.addr.to_string()).await?;
        }
        Ok(())
    }

    /// Ends it at once, whatever it does.
    pub async fn kill(&mut self) -> Result<(), Error> {
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
        // An error is expected: the task is cancelled.
        (&mut self.serving).await.unwrap_or(Ok(()))
    }

    /// Ends it gracefully: it sends GOAWAY, and finishes its calls.
    pub async fn drain(&mut self) -> Result<(), Error> {
        self.drain.cancel();
        (&mut self.serving).await?
    }

    /// Lets it hang. The system still accepts connections for it, as it does for a stopped process.
    pub async fn hang(&mut self, time: Duration) -> Result<(), Error> {
        let runtime = self.runtime.as_ref().ok_or("the backend has ended")?;
        // It has only one thread.
        Ok(runtime.spawn(async move { thread::sleep(time) }).await?)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        // A runtime that is dropped waits for its thread, which async code must not.
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

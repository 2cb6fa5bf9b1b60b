//! Backends in this process that can be killed, drained, and made to hang.

use std::{
    net::{SocketAddr, TcpListener},
    thread,
    time::Duration,
};

use launcher::Error;
use load_balancing::server;
use tokio::{
    runtime::{Builder, Handle},
    task::{JoinHandle, spawn_blocking},
};
use tokio_util::sync::CancellationToken;

/// A backend with a thread and a runtime of its own. When the runtime ends, the port, the
/// connections and the calls end with it, as those of a process do.
#[derive(Debug)]
pub struct Backend {
    /// Its address.
    pub addr: SocketAddr,
    runtime: Handle,
    serving: JoinHandle<Result<(), Error>>,
    drain: CancellationToken,
    kill: CancellationToken,
}

impl Backend {
    /// Serves at `addr`. Port 0 is a free port.
    pub fn start(addr: SocketAddr) -> Result<Self, Error> {
        let listener = TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (drain, kill) = (CancellationToken::new(), CancellationToken::new());
        let (drained, killed) = (drain.clone().cancelled_owned(), kill.clone());
        let serving = spawn_blocking(move || {
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                let serving = server::serve(listener, drained);
                killed.run_until_cancelled(serving).await.unwrap_or(Ok(()))
            })
        });
        Ok(Self { addr, runtime: handle, serving, drain, kill })
    }

    /// Serves again, after [`kill`](Self::kill) or [`drain`](Self::drain).
    pub fn restart(&mut self) -> Result<(), Error> {
        *self = Self::start(self.addr)?;
        Ok(())
    }

    /// Ends it in the middle of whatever it does.
    pub async fn kill(&mut self) -> Result<(), Error> {
        self.kill.cancel();
        (&mut self.serving).await?
    }

    /// Ends it gracefully: it sends GOAWAY, and finishes its calls.
    pub async fn drain(&mut self) -> Result<(), Error> {
        self.drain.cancel();
        (&mut self.serving).await?
    }

    /// Lets it hang. The system still accepts connections for it, as it does for a stopped process.
    pub fn hang(&self, time: Duration) {
        // It has only one thread.
        self.runtime.spawn(async move { thread::sleep(time) });
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.kill.cancel();
    }
}

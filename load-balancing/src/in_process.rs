//! Backends in this process that can be killed.

use std::{
    future::pending,
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use tokio::{
    runtime::{Builder, Runtime},
    task::spawn_blocking,
};

use crate::server;

/// A backend with a runtime of its own, which takes everything along when it goes: the port, the
/// connections, and the calls.
#[derive(Debug)]
pub struct InProcess {
    addr: SocketAddr,
    runtime: Option<Runtime>,
}

impl InProcess {
    /// Serves on a free port.
    pub fn start() -> io::Result<Self> {
        let mut backend = Self { addr: SocketAddr::from(([127, 0, 0, 1], 0)), runtime: None };
        backend.restart()?;
        Ok(backend)
    }

    /// Where it serves, as long as it does.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves again where it did.
    pub fn restart(&mut self) -> io::Result<()> {
        let listener = TcpListener::bind(self.addr)?;
        listener.set_nonblocking(true)?;
        self.addr = listener.local_addr()?;
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        runtime.spawn(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            server::serve(listener, pending()).await
        });
        self.runtime = Some(runtime);
        Ok(())
    }

    /// Ends it as a process is killed: in the midst of whatever it does.
    pub async fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Which waits for its threads, and so must not be done on ours.
            let end = spawn_blocking(|| runtime.shutdown_timeout(Duration::from_secs(1)));
            // An error says that our own runtime is shutting down.
            let _ = end.await;
        }
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

//! Servers and clients in one process. Each side has separate threads, and a real connection joins them.

use std::{
    env, fs, io,
    thread::available_parallelism,
    time::{Duration, Instant},
};

use tokio::{net::TcpListener, runtime::Runtime, task::JoinSet};
use tonic::{
    Status,
    transport::{self, server::TcpIncoming},
};

/// The number of concurrent calls, in measurements with more than one.
pub(crate) const CALLERS: usize = 64;

pub(crate) struct Sides {
    pub(crate) clients: Runtime,
    servers: Runtime,
}

impl Sides {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { clients: Runtime::new()?, servers: Runtime::new()? })
    }

    /// Serves on a free port until the process ends, and returns where.
    pub(crate) fn serve<F>(&self, server: impl FnOnce(TcpIncoming) -> F) -> String
    where
        F: Future<Output = Result<(), transport::Error>> + Send + 'static,
    {
        let incoming = |listener| TcpIncoming::from(listener).with_nodelay(Some(true));
        self.serve_listener(|listener| server(incoming(listener)))
    }

    /// Like [`serve`](Self::serve), with another way to accept connections.
    pub(crate) fn serve_listener<F>(&self, server: impl FnOnce(TcpListener) -> F) -> String
    where
        F: Future<Output = Result<(), transport::Error>> + Send + 'static,
    {
        let listener = self.servers.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("there is a free port");
        let addr = listener.local_addr().expect("it is bound").to_string();
        let _runtime = self.servers.enter();
        self.servers.spawn(server(listener));
        addr
    }

    /// How long it takes on the clients' side, all of which has to go well.
    pub(crate) fn time<F>(&self, work: F) -> Duration
    where
        F: Future<Output = Result<(), Status>> + Send + 'static,
    {
        let start = Instant::now();
        // In a task: here, outside of the runtime's threads, each answer would have to wake this one.
        let done = self.clients.block_on(self.clients.spawn(work));
        done.expect("it does not panic").expect("every call is answered");
        start.elapsed()
    }
}

/// Makes `calls` calls, `callers` at a time. Each caller takes one of the stubs, and makes its share.
pub(crate) async fn shared<C, F>(
    callers: usize,
    stubs: Vec<C>,
    calls: usize,
    caller: impl Fn(C, usize) -> F,
) -> Result<(), Status>
where
    C: Clone,
    F: Future<Output = Result<(), Status>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for (number, stub) in stubs.iter().cycle().take(callers).enumerate() {
        // Shares that differ by one at most, and are `calls` together.
        tasks.spawn(caller(stub.clone(), (calls + number) / callers));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("no caller panics")?;
    }
    Ok(())
}

/// Describes this machine.
pub(crate) fn machine() -> String {
    let cpus = available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("", |model| model.trim_start_matches([' ', '\t', ':']));
    format!("{} {}, {cpus} processors {model}", env::consts::OS, env::consts::ARCH)
}

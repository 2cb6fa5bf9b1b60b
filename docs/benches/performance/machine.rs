//! Servers and clients in one process, each side with threads of its own, and a real connection between.

use std::{
    env, fs, io,
    thread::available_parallelism,
    time::{Duration, Instant},
};

use tokio::{net::TcpListener, runtime::Runtime, task::JoinSet};
use tonic::{
    Status,
    transport::{self, Channel, Endpoint, server::TcpIncoming},
};

/// How many calls are on their way at the same time, where there is more than one.
pub(crate) const CALLERS: usize = 64;

/// The two sides.
pub(crate) struct Machine {
    pub(crate) clients: Runtime,
    pub(crate) servers: Runtime,
}

impl Machine {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { clients: Runtime::new()?, servers: Runtime::new()? })
    }

    /// A port that is free, as a listener and as `HOST:PORT`.
    pub(crate) fn listener(&self) -> (TcpListener, String) {
        let listener = self.servers.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("there is a free port");
        let addr = listener.local_addr().expect("it is bound").to_string();
        (listener, addr)
    }

    /// Serves on a free port until the process ends, and returns where.
    pub(crate) fn serve<F>(&self, server: impl FnOnce(TcpIncoming) -> F) -> String
    where
        F: Future<Output = Result<(), transport::Error>> + Send + 'static,
    {
        let (listener, addr) = self.listener();
        self.servers.spawn(server(TcpIncoming::from(listener).with_nodelay(Some(true))));
        addr
    }

    /// A channel of tonic's with one connection, which stands.
    pub(crate) fn connect(&self, addr: &str) -> Channel {
        let endpoint =
            Endpoint::from_shared(format!("http://{addr}")).expect("it is an address");
        self.clients.block_on(endpoint.connect()).expect("somebody listens")
    }

    /// How long it takes on the clients' side, all of which has to go well.
    pub(crate) fn time(&self, work: impl Future<Output = Result<(), Status>>) -> Duration {
        let start = Instant::now();
        self.clients.block_on(work).expect("every call is answered");
        start.elapsed()
    }
}

/// Makes `calls` calls, [`CALLERS`] at a time: each caller takes one of the stubs and makes its share.
pub(crate) async fn at_once<C, F>(
    stubs: &[C],
    calls: usize,
    caller: impl Fn(C, usize) -> F,
) -> Result<(), Status>
where
    C: Clone,
    F: Future<Output = Result<(), Status>> + Send + 'static,
{
    let mut callers = JoinSet::new();
    for stub in stubs.iter().cycle().take(CALLERS) {
        callers.spawn(caller(stub.clone(), calls.div_ceil(CALLERS)));
    }
    while let Some(ended) = callers.join_next().await {
        ended.expect("no caller panics")?;
    }
    Ok(())
}

/// What machine this is, for the page.
pub(crate) fn name() -> String {
    let cpus = available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("", |model| model.trim_start_matches([' ', '\t', ':']));
    format!("{} {}, {cpus} processors {model}", env::consts::OS, env::consts::ARCH)
}

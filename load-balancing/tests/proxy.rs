//! The proxy way, with the real proxies: they balance calls, where a connection stays where it is.

use std::{
    env, fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use channel::{Backoff, Channel, Names, WaitForReady};
use load_balancing::{
    in_process::InProcess,
    load::load,
    retries::Retries,
    stub::{Stub, one_connection, stub},
    tally::Tally,
};
use proto::echo::EchoRequest;
use tonic::Request;

/// A proxy that runs, and its two backends.
struct Proxy {
    process: Child,
    addr: String,
    _backends: [InProcess; 2],
    folder: PathBuf,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Starts a proxy with the configuration `name`, but on ports of this test, and with `change` made.
async fn start(
    name: &str,
    change: (&str, &str),
    command: impl FnOnce(&str) -> Command,
) -> Proxy {
    let backends = [(); 2].map(|()| InProcess::start().expect("there is a free port"));
    let free = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let addr = free.local_addr().expect("it is bound");
    let file = format!("{}/proxy/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut text = fs::read_to_string(file).expect("it is there");
    assert!(text.contains(change.0), "{name} says {}", change.0);
    let folder = env::temp_dir().join(format!("load-balancing-{}", addr.port()));
    fs::create_dir_all(&folder).expect("there is room");
    let ports =
        [addr, backends[0].addr(), backends[1].addr()].map(|addr| addr.port().to_string());
    for (from, to) in ["50050", "50051", "50052"].iter().zip(&ports) {
        text = text.replace(from, to);
    }
    let pid = folder.join("pid").display().to_string();
    text = text.replace("/tmp/load-balancing-nginx.pid", &pid).replace(change.0, change.1);
    let file = folder.join(name);
    fs::write(&file, text).expect("there is room");
    drop(free);
    let mut command = command(file.to_str().expect("it is text"));
    let process =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let proxy = Proxy {
        process: process.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")),
        addr: addr.to_string(),
        _backends: backends,
        folder,
    };
    // It is there when a call is answered.
    let mut request = Request::new(EchoRequest::default());
    request.extensions_mut().insert(WaitForReady);
    request.set_timeout(Duration::from_secs(30));
    stub(channel(&proxy.addr)).unary_echo(request).await.expect("the proxy answers");
    proxy
}

fn channel(addr: &str) -> Channel {
    let backoff = Backoff { initial: Duration::from_millis(50), ..Backoff::default() };
    Channel::to(addr, &Names::new()).expect("it is a target").backoff(backoff).build()
}

async fn nginx(change: (&str, &str)) -> Proxy {
    start("nginx.conf", change, |file| {
        let mut nginx = Command::new(env::var("NGINX").unwrap_or("nginx".into()));
        nginx.args([
            "-p",
            ".",
            "-c",
            file,
            "-e",
            "stderr",
            "-g",
            "daemon off; master_process off;",
        ]);
        nginx
    })
    .await
}

/// How many of 300 calls, all on one connection, went to each backend.
async fn spread(proxy: &Proxy) -> Vec<usize> {
    let mut tally = Tally::default();
    let stub = one_connection(&proxy.addr).expect("it is an address");
    load(&stub, 300, 8, async |answer| tally.add(answer)).await;
    tally.answered.into_iter().map(|(_, calls)| calls).collect()
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_spreads_the_calls_of_one_connection() {
    let proxy = nginx(("events", "events")).await;
    let spread = spread(&proxy).await;
    assert_eq!(spread, [150, 150]);
}

#[tokio::test]
#[ignore = "needs Envoy"]
async fn envoy_spreads_the_calls_of_one_connection() {
    let proxy = start("envoy.yaml", ("clusters", "clusters"), |file| {
        let mut envoy = Command::new(env::var("ENVOY").unwrap_or("envoy".into()));
        envoy.args(["-c", file, "--base-id-path"]).arg(format!("{file}.id"));
        envoy.arg("--use-dynamic-base-id");
        envoy
    });
    let spread = spread(&proxy.await).await;
    // Each of its threads takes turns of its own.
    assert!(matches!(spread[..], [140..=160, 140..=160]), "{spread:?}");
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn no_call_is_lost_to_a_proxy_that_closes_its_connections_every_few_calls() {
    let proxy = nginx(("keepalive_requests 1000000", "keepalive_requests 100")).await;
    let stub: Stub = stub(Retries::new(channel(&proxy.addr)));
    load(&stub, 5_000, 16, async |answer| {
        answer.expect("no call is lost");
    })
    .await;
}

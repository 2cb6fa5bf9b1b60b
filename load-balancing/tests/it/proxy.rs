//! Real proxies: they spread the calls of one connection over the backends.

use std::{
    collections::BTreeMap,
    env, fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use channel::{Backoff, Channel, Names, WaitForReady, is_refused, load};
use load_balancing::{
    server::serve,
    stub::{Stub, one_connection, stub},
};
use proto::echo::EchoRequest;
use tonic::{Request, Status};

/// A proxy that runs, and its two backends.
struct Proxy {
    process: Child,
    addr: String,
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
    let backends = [testing::start(serve).await, testing::start(serve).await];
    let port = |addr: &str| addr.rsplit(':').next().expect("there is a port").to_owned();
    let free = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let addr = free.local_addr().expect("it is bound");
    let file = format!("{}/proxy/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut text = fs::read_to_string(file).expect("it is there");
    assert!(text.contains(change.0), "{name} says {}", change.0);
    let folder = env::temp_dir().join(format!("load-balancing-{}", addr.port()));
    fs::create_dir_all(&folder).expect("there is room");
    let ports = [addr.port().to_string(), port(&backends[0]), port(&backends[1])];
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

async fn echo(mut stub: Stub) -> Result<String, Status> {
    Ok(stub.unary_echo(EchoRequest::default()).await?.into_inner().message)
}

/// How many of 300 calls, all on one connection, each backend answered.
async fn spread(proxy: &Proxy) -> Vec<usize> {
    let stub = one_connection(&proxy.addr).expect("it is an address");
    let mut answered = BTreeMap::<String, usize>::new();
    let count = |result: Result<String, Status>| {
        *answered.entry(result.expect("it is answered")).or_default() += 1;
    };
    load(300, 8, || echo(stub.clone()), count).await.expect("no call panics");
    answered.into_values().collect()
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
    // Each thread of Envoy takes separate turns.
    assert!(matches!(spread[..], [140..=160, 140..=160]), "{spread:?}");
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn no_call_is_lost_to_a_proxy_that_closes_its_connections_every_few_calls() {
    let proxy = nginx(("keepalive_requests 1000000", "keepalive_requests 100")).await;
    let stub = stub(channel(&proxy.addr));
    let call = || {
        let stub = stub.clone();
        async move {
            match echo(stub.clone()).await {
                // It came too late for the old connection.
                Err(status) if is_refused(&status) => echo(stub).await,
                result => result,
            }
        }
    };
    load(5_000, 16, call, |result| drop(result.expect("no call is lost")))
        .await
        .expect("no panic");
}

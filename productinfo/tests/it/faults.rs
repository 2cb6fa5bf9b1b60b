//! The program when its peers, its terminal and its system do not behave.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use futures::future::join_all;
use proto::ecommerce::{Product, ProductId, product_info_client::ProductInfoClient};
use testing::{Ended, Process};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    process::Command,
};
use tonic::{Code, Request};

const PROGRAM: &str = env!("CARGO_BIN_EXE_productinfo");

fn server() -> Process {
    Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"])
}

async fn terminate(server: Process) -> Ended {
    server.signal("TERM").await;
    server.end().await
}

#[tokio::test]
async fn a_silent_connection_does_not_hold_up_the_end() {
    let mut server = server();
    let addr = server.addr().await;
    let _silent = TcpStream::connect(&addr).await.unwrap();
    let mut half = TcpStream::connect(&addr).await.unwrap();
    half.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();
    // A connection that is answered is one that was accepted, and the others came before it.
    ProductInfoClient::connect(format!("http://{addr}")).await.unwrap();
    // Otherwise the server would drain for 10 s, and exit with 1.
    let ended = terminate(server).await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
}

/// Makes more calls than a pipe has room for lines, although no one reads what the server prints after
/// its first line, and then stops the server.
async fn works_unread(log: &str) {
    let mut server = Command::new(PROGRAM)
        .args(["server", "--addr", "127.0.0.1:0"])
        .env("RUST_LOG", log)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut transcript = BufReader::new(server.stdout.take().unwrap()).lines();
    let line = transcript.next_line().await.unwrap().unwrap();
    let addr = line.rsplit(' ').next().unwrap();
    let mut client = ProductInfoClient::connect(format!("http://{addr}")).await.unwrap();
    for _ in 0..1_000 {
        let product = Product { name: "x".repeat(100), price: 1.0, ..Product::default() };
        client.add_product(product).await.unwrap();
    }
    let pid = server.id().unwrap().to_string();
    assert!(Command::new("kill").arg(pid).status().await.unwrap().success());
    assert_eq!(server.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn calls_and_the_end_do_not_wait_for_a_reader_of_the_transcript() {
    works_unread("off").await;
}

#[tokio::test]
async fn calls_and_the_end_do_not_wait_for_a_reader_of_the_diagnostics() {
    works_unread("h2=debug").await;
}

#[tokio::test]
async fn with_too_many_open_files_the_server_pauses_and_then_goes_on() {
    let script = "ulimit -n 40; RUST_LOG=launcher=warn exec \"$0\" server --addr 127.0.0.1:0";
    let mut server = Command::new("sh")
        .args(["-c", script, PROGRAM])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut transcript = BufReader::new(server.stdout.take().unwrap()).lines();
    let mut warnings = BufReader::new(server.stderr.take().unwrap()).lines();
    let line = transcript.next_line().await.unwrap().unwrap();
    let addr = line.rsplit(' ').next().unwrap().to_owned();

    let start = Instant::now();
    let mut connections = Vec::new();
    for _ in 0..60 {
        connections.push(TcpStream::connect(&addr).await.unwrap());
    }
    for _ in 0..5 {
        let warning = warnings.next_line().await.unwrap().unwrap();
        assert!(warning.contains("cannot accept a connection"), "{warning}");
    }
    // The first comes at once, and each of the others after a pause of 100 ms.
    assert!(start.elapsed().as_millis() >= 400, "{:?}", start.elapsed());
    drop(connections);
    ProductInfoClient::connect(format!("http://{addr}"))
        .await
        .unwrap()
        .add_product(Product { name: "x".into(), ..Product::default() })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_client_asks_whether_an_http_1_server_speaks_http_2() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
            let _ = stream.read(&mut [0; 1_000]).await;
            let _ = stream.write_all(answer).await;
            // Until the client hangs up: closing the connection earlier may be what it reports.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    });
    let client = Process::start(PROGRAM, &["client", "--addr", &addr]).end().await;
    assert_eq!(client.status, Some(1));
    assert_eq!(client.stderr.lines().count(), 1, "{}", client.stderr);
    assert!(client.stderr.contains("HTTP/2"), "{}", client.stderr);
}

#[tokio::test]
async fn calls_whose_deadlines_pass_while_the_server_is_busy_cost_no_other_call() {
    let mut server = server();
    let target = format!("http://{}", server.addr().await);
    let client = ProductInfoClient::connect(target).await.unwrap();
    let get = |id: &str| {
        let (mut client, mut request) =
            (client.clone(), Request::new(ProductId { value: id.into() }));
        request.set_timeout(Duration::from_millis(if id == "late" { 50 } else { 30_000 }));
        async move { client.get_product(request).await.unwrap_err().code() }
    };
    // A stopped process is the busiest server.
    server.signal("STOP").await;
    let late = join_all((0..190).map(|_| get("late"))).await;
    assert!(late.iter().all(|code| *code == Code::Cancelled), "{late:?}");
    let other = tokio::spawn(get("other"));
    server.signal("CONT").await;
    assert_eq!(other.await.unwrap(), Code::NotFound);
}

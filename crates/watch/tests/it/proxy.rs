//! The proxy forwards everything unchanged, shows it, and ends in time.

use std::{
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use proto::echo::{
    EchoRequest, EchoResponse,
    echo_client::EchoClient,
    echo_server::{Echo, EchoServer},
};
use testing::Process;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};
use tokio_stream::Empty;
use tonic::{
    Request, Response, Status, Streaming,
    transport::{Channel, Server},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_watch");
const PATIENCE: Duration = Duration::from_secs(60);

/// Answers calls at once, except those with the message "wait".
#[derive(Clone)]
struct Waiting {
    arrived: Arc<Semaphore>,
    allowed: Arc<Semaphore>,
}

#[tonic::async_trait]
impl Echo for Waiting {
    async fn unary_echo(
        &self,
        request: Request<EchoRequest>,
    ) -> Result<Response<EchoResponse>, Status> {
        let EchoRequest { message } = request.into_inner();
        if message.is_empty() {
            return Err(Status::not_found("없음"));
        }
        if message == "wait" {
            self.arrived.add_permits(1);
            self.allowed.acquire().await.expect("it is open").forget();
        }
        Ok(Response::new(EchoResponse { message }))
    }

    type ServerStreamingEchoStream = Empty<Result<EchoResponse, Status>>;

    async fn server_streaming_echo(
        &self,
        _: Request<EchoRequest>,
    ) -> Result<Response<Self::ServerStreamingEchoStream>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn client_streaming_echo(
        &self,
        _: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<EchoResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    type BidirectionalStreamingEchoStream = Empty<Result<EchoResponse, Status>>;

    async fn bidirectional_streaming_echo(
        &self,
        _: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<Self::BidirectionalStreamingEchoStream>, Status> {
        Err(Status::unimplemented("not here"))
    }
}

/// A listener on a free port, and its address.
async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound").to_string();
    (listener, addr)
}

/// A server and its address.
async fn server() -> (Waiting, String) {
    let (listener, addr) = listen().await;
    let [arrived, allowed] = [0, 0].map(|permits| Arc::new(Semaphore::new(permits)));
    let waiting = Waiting { arrived, allowed };
    tokio::spawn(
        Server::builder()
            .add_service(EchoServer::new(waiting.clone()))
            .serve_with_incoming(launcher::incoming(listener)),
    );
    (waiting, addr)
}

/// A proxy in front of `to`, and its address.
async fn proxy(to: &str) -> (Process, String) {
    let mut proxy = Process::start(PROGRAM, &["--addr", "127.0.0.1:0", "--to", to]);
    let addr = proxy.addr().await;
    (proxy, addr)
}

async fn client(addr: &str) -> EchoClient<Channel> {
    let endpoint = launcher::endpoint(addr).expect("it is an address");
    EchoClient::new(endpoint.connect().await.expect("it listens"))
}

fn message(text: &str) -> EchoRequest {
    EchoRequest { message: text.into() }
}

#[tokio::test]
async fn calls_are_shown_with_the_number_of_their_connection() {
    let (_, addr) = server().await;
    let (mut proxy, addr) = proxy(&addr).await;
    client(&addr).await.unary_echo(message("one")).await.expect("it is answered");
    proxy.line("client |   :path: /grpc.examples.echo.Echo/UnaryEcho").await;
    proxy.line("client |     1: \"one\"").await;
    proxy.line("server |     1: \"one\"").await;
    proxy.line("server |   grpc-status: 0").await;
    client(&addr).await.unary_echo(message("")).await.expect_err("it is refused");
    proxy.line("server 2 |   grpc-status: 5").await;
    proxy.line("server 2 |   grpc-message: %EC%97%86%EC%9D%8C").await;
}

#[cfg(unix)]
#[tokio::test]
async fn with_calls_the_frames_of_the_connection_are_left_out() {
    let (_, addr) = server().await;
    let args = ["--addr", "127.0.0.1:0", "--to", &addr, "--calls"];
    let mut proxy = Process::start(PROGRAM, &args);
    let addr = proxy.addr().await;
    client(&addr).await.unary_echo(message("one")).await.expect("it is answered");
    proxy.line("grpc-status: 0").await;
    proxy.signal("TERM").await;
    let stdout = proxy.end().await.stdout;
    assert!(stdout.contains("HEADERS       stream 1 END_HEADERS"), "{stdout}");
    for other in ["preface", "SETTINGS", "stream 0"] {
        assert!(!stdout.contains(other), "{stdout}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn each_stream_has_its_colour_where_colours_are_wanted() {
    let (_, addr) = server().await;
    let args = ["CLICOLOR_FORCE=1", PROGRAM, "--addr", "127.0.0.1:0", "--to", &addr];
    let mut proxy = Process::start("env", &args);
    let addr = proxy.addr().await;
    let mut client = client(&addr).await;
    for (value, colour) in [("one", 36), ("two", 33)] {
        client.unary_echo(message(value)).await.expect("it is answered");
        let line = proxy.line("HEADERS ").await;
        assert!(line.starts_with(&format!("\x1b[36mclient |\x1b[0m \x1b[{colour}mHEADERS")));
        proxy.line("grpc-status: 0").await;
    }
}

#[tokio::test]
async fn many_calls_at_the_same_time_are_answered_through_the_proxy() {
    let (_, addr) = server().await;
    let (_proxy, addr) = proxy(&addr).await;
    let client = client(&addr).await;
    let mut calls = JoinSet::new();
    for number in 0..200 {
        let mut client = client.clone();
        calls.spawn(async move {
            let text = format!("{number} {}", "0123456789".repeat(number * 10));
            let answer = client.unary_echo(message(&text)).await.expect("it is answered");
            assert_eq!(answer.into_inner().message, text);
        });
    }
    timeout(PATIENCE, calls.join_all()).await.expect("all are answered");
}

#[tokio::test]
async fn bytes_that_are_not_http2_are_forwarded_unchanged_in_both_directions() {
    let (listener, addr) = listen().await;
    let bytes = |seed: u32| {
        (0..1_000_000_u32).map(move |at| (at * 7 + at / 250 + seed).to_le_bytes()[0])
    };
    let (up, down) = (bytes(1).collect::<Vec<_>>(), bytes(2).collect::<Vec<_>>());
    let expected = (up.clone(), down.clone());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("it connects");
        let mut got = Vec::new();
        // Until the client closes its half. The other half stays open.
        stream.read_to_end(&mut got).await.expect("no error");
        stream.write_all(&down).await.expect("no error");
        got
    });
    let (mut proxy, addr) = proxy(&addr).await;
    let mut stream = TcpStream::connect(addr).await.expect("it listens");
    stream.write_all(&up).await.expect("no error");
    stream.shutdown().await.expect("no error");
    let mut got = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut got)).await.expect("in time").expect("no error");
    assert!(got == expected.1, "{} bytes came back", got.len());
    assert!(server.await.expect("no panic") == expected.0);
    proxy.line("client | this is not HTTP/2 without TLS").await;
}

#[tokio::test]
async fn a_byte_is_forwarded_without_waiting_for_the_next() {
    let (listener, addr) = listen().await;
    let (_proxy, addr) = proxy(&addr).await;
    let mut client = TcpStream::connect(addr).await.expect("it listens");
    let (mut server, _) = listener.accept().await.expect("it connects");
    for byte in 0..100 {
        client.write_all(&[byte]).await.expect("no error");
        assert_eq!(timeout(PATIENCE, server.read_u8()).await.expect("in time").unwrap(), byte);
        server.write_all(&[byte]).await.expect("no error");
        assert_eq!(timeout(PATIENCE, client.read_u8()).await.expect("in time").unwrap(), byte);
    }
}

#[tokio::test]
async fn without_a_server_the_connection_is_closed_with_a_reason() {
    let (listener, nobody) = listen().await;
    drop(listener);
    let (mut proxy, addr) = proxy(&nobody).await;
    let mut stream = TcpStream::connect(addr).await.expect("it listens");
    let end = timeout(PATIENCE, stream.read(&mut [0])).await.expect("in time");
    assert!(matches!(end, Ok(0) | Err(_)));
    proxy.line(&format!("watch | cannot connect to {nobody}: ")).await;
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_closes_idle_connections_at_once() {
    let (_, addr) = server().await;
    let (mut proxy, addr) = proxy(&addr).await;
    let mut client = client(&addr).await;
    client.unary_echo(message("x")).await.expect("it is answered");
    let _silent = TcpStream::connect(&addr).await.expect("it listens");
    proxy.line("grpc-status: 0").await;
    let start = Instant::now();
    proxy.signal("TERM").await;
    let ended = proxy.end().await;
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_waits_for_a_call_in_flight_and_no_longer() {
    let (waiting, addr) = server().await;
    let (mut proxy, addr) = proxy(&addr).await;
    let mut client = client(&addr).await;
    let call = tokio::spawn(async move {
        let answer = client.unary_echo(message("wait")).await;
        // The connection stays open.
        (answer, client)
    });
    waiting.arrived.acquire().await.expect("it is open").forget();
    let idle = idle(&addr).await;
    proxy.signal("TERM").await;
    proxy.line("draining").await;
    // From then on, the proxy waits only for the call.
    closed(idle).await;
    let start = Instant::now();
    waiting.allowed.add_permits(1);
    let (answer, _client) = call.await.expect("no panic");
    answer.expect("the call is not cut off");
    let ended = proxy.end().await;
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[cfg(unix)]
#[tokio::test]
async fn the_last_frame_of_a_call_is_forwarded_completely_after_sigterm() {
    let (backend, to) = listen().await;
    let (mut proxy, addr) = proxy(&to).await;
    let mut client = TcpStream::connect(&addr).await.expect("it listens");
    // HEADERS with END_STREAM and END_HEADERS. The server below does not look at them.
    let request = [START, b"\0\0\x01\x01\x05\0\0\0\x01\x83"].concat();
    client.write_all(&request).await.expect("it is open");
    let (mut server, _) = backend.accept().await.expect("it listens");
    server.read_exact(&mut vec![0; request.len()]).await.expect("the proxy forwards it");
    let settings = async {
        let (mut server, _) = backend.accept().await.expect("it listens");
        server.write_all(b"\0\0\0\x04\0\0\0\0\0").await.expect("it is open");
        server
    };
    let (idle, _server) = tokio::join!(idle(&addr), settings);
    proxy.signal("TERM").await;
    proxy.line("draining").await;
    closed(idle).await;

    // The trailers come in two pieces. The first is the head of their frame, with END_STREAM.
    for piece in [&b"\0\0\x01\x01\x05\0\0\0\x01"[..], b"\x88"] {
        server.write_all(piece).await.expect("it is open");
        let mut received = vec![0; piece.len()];
        let read = timeout(PATIENCE, client.read_exact(&mut received)).await.expect("in time");
        read.expect("the call is not cut off");
        assert_eq!(received, piece);
    }
    let ended = proxy.end().await;
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
}

/// A client's preface, and a SETTINGS frame without settings.
const START: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// A connection without calls. The server has answered with its first frame.
async fn idle(addr: &str) -> TcpStream {
    let mut idle = TcpStream::connect(addr).await.expect("it listens");
    idle.write_all(START).await.expect("it is open");
    idle.read_exact(&mut [0; 9]).await.expect("it is open");
    idle
}

/// Waits until the proxy closes this connection. It does so a second after a signal, because the
/// connection has no calls.
async fn closed(mut connection: TcpStream) {
    let end = async { while !matches!(connection.read(&mut [0; 64]).await, Ok(0) | Err(_)) {} };
    timeout(PATIENCE, end).await.expect("in time");
}

#[cfg(unix)]
#[tokio::test]
async fn calls_and_sigterm_work_although_nobody_reads_what_is_shown() {
    let (_, to) = server().await;
    let mut proxy = Command::new(PROGRAM)
        .args(["--addr", "127.0.0.1:0", "--to", &to])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    let mut stdout = BufReader::new(proxy.stdout.take().expect("it is piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).await.expect("it is text");
    let addr = line.trim().rsplit(' ').next().expect("the last word is the address");
    let mut client = client(addr).await;
    // More than the pipe and the queue can hold.
    let calls = async {
        for _ in 0..4_000 {
            client.unary_echo(message("x")).await.expect("it is answered");
        }
    };
    timeout(PATIENCE, calls).await.expect("the calls do not wait for the reader");
    let id = proxy.id().expect("it runs").to_string();
    Command::new("kill").arg(id).status().await.expect("there is a kill command");
    let status = timeout(Duration::from_secs(5), proxy.wait()).await.expect("it ends in time");
    assert_eq!(status.expect("it has ended").code(), Some(0));
}

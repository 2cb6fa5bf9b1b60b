//! Tests of the connections that a server keeps, and those that it closes.

use std::{
    future::{pending, ready},
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{Stream, StreamExt as _};
use launcher::{Connection, incoming, incoming_with};
use proto::echo::{
    EchoRequest, EchoResponse, echo_client::EchoClient, echo_server::EchoServer,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tonic::{
    Request, Response, Status, Streaming,
    codegen::BoxStream,
    transport::{Channel, Server},
};

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(crate) const EMPTY_SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// Answers after as many milliseconds as the message says, and counts the calls.
#[derive(Default)]
pub(crate) struct Slow(Arc<AtomicUsize>);

#[tonic::async_trait]
impl proto::echo::echo_server::Echo for Slow {
    async fn unary_echo(
        &self,
        request: Request<EchoRequest>,
    ) -> Result<Response<EchoResponse>, Status> {
        self.0.fetch_add(1, SeqCst);
        let message = request.into_inner().message;
        sleep(Duration::from_millis(message.parse().unwrap_or(0))).await;
        Ok(Response::new(EchoResponse { message }))
    }

    type ServerStreamingEchoStream = BoxStream<EchoResponse>;

    async fn server_streaming_echo(
        &self,
        _: Request<EchoRequest>,
    ) -> Result<Response<Self::ServerStreamingEchoStream>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn client_streaming_echo(
        &self,
        _: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<EchoResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    type BidirectionalStreamingEchoStream = BoxStream<EchoResponse>;

    async fn bidirectional_streaming_echo(
        &self,
        _: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<Self::BidirectionalStreamingEchoStream>, Status> {
        Err(Status::unimplemented(""))
    }
}

/// A server on a free port, and what ends it.
struct Running {
    addr: String,
    /// How many calls have reached the service.
    begun: Arc<AtomicUsize>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), tonic::transport::Error>>,
}

async fn start() -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    serve(addr, incoming(listener))
}

/// A server that reads six bytes before the preface. `refuse` refuses the client, and it waits for ever
/// in place of an answer to `ignore`.
async fn start_with_handshake() -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let handshake = |mut stream: TcpStream| async {
        let mut word = [0; 6];
        stream.read_exact(&mut word).await?;
        match &word {
            b"refuse" => Err(io::Error::other("refused")),
            b"ignore" => pending().await,
            _ => Ok(stream),
        }
    };
    serve(addr, incoming_with(listener, handshake))
}

fn serve(
    addr: String,
    incoming: impl Stream<Item = io::Result<Connection>> + Send + 'static,
) -> Running {
    let (stop, stopped) = oneshot::channel();
    let begun = Arc::new(AtomicUsize::new(0));
    let served = tokio::spawn(
        Server::builder()
            .add_service(EchoServer::new(Slow(Arc::clone(&begun))))
            .serve_with_incoming_shutdown(incoming, async {
                stopped.await.unwrap_or_default();
            }),
    );
    Running { addr, begun, stop, served }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.addr).await.unwrap()
    }

    /// A connection that has sent the preface and got the server's SETTINGS.
    async fn connect_http2(&self) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(&[PREFACE, EMPTY_SETTINGS].concat()).await.unwrap();
        stream.read_exact(&mut [0; 9]).await.unwrap();
        stream
    }

    /// A connection that has sent this before the preface.
    async fn connect_with(&self, handshake: &[u8]) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(handshake).await.unwrap();
        stream
    }

    async fn client(&self) -> EchoClient<Channel> {
        EchoClient::connect(format!("http://{}", self.addr)).await.unwrap()
    }

    /// Stops the server, and returns how long it took to drain.
    async fn drain(self) -> Duration {
        let start = Instant::now();
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap();
        start.elapsed()
    }
}

/// The HEADERS frame of a call that never sends its request.
pub(crate) fn begin_call() -> Vec<u8> {
    // POST http /grpc.examples.echo.Echo/UnaryEcho, with literal headers.
    let mut block = vec![0x83, 0x86, 0x44, 34];
    block.extend(b"/grpc.examples.echo.Echo/UnaryEcho");
    block.extend([0x5f, 16]);
    block.extend(b"application/grpc");
    let length = u8::try_from(block.len()).unwrap();
    [&[0, 0, length, 1, 4, 0, 0, 0, 1][..], &block].concat()
}

fn takes(milliseconds: u64) -> EchoRequest {
    EchoRequest { message: milliseconds.to_string() }
}

/// How long it takes until the server closes the connection.
async fn closed_after(mut stream: TcpStream) -> Duration {
    let start = Instant::now();
    // An error is an end too: the server may reset the connection.
    let _ = stream.read_to_end(&mut Vec::new()).await;
    start.elapsed()
}

/// About so many seconds: timers are late by a millisecond at most, in paused time.
fn about(seconds: u64, time: Duration) -> bool {
    let expected = Duration::from_secs(seconds);
    (expected..expected + Duration::from_millis(100)).contains(&time)
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_sends_nothing_is_closed_after_ten_seconds() {
    let server = start().await;
    let time = closed_after(server.connect().await).await;
    assert!(about(10, time), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_stops_within_the_preface_is_closed_after_ten_seconds() {
    let server = start().await;
    let mut stream = server.connect().await;
    stream.write_all(&PREFACE[..20]).await.unwrap();
    let time = closed_after(stream).await;
    assert!(about(10, time), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_stays_open() {
    let server = start().await;
    let mut stream = server.connect_http2().await;
    sleep(Duration::from_secs(3_600)).await;
    // The server still answers a PING.
    let ping = [&[0, 0, 8, 6, 0, 0, 0, 0, 0][..], &[7; 8]].concat();
    stream.write_all(&ping).await.unwrap();
    let mut seen = Vec::new();
    while !seen.windows(8).any(|bytes| bytes == [7; 8]) {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "the server has hung up");
    }
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_a_connection_without_a_preface() {
    let server = start().await;
    let _silent = server.connect().await;
    let mut half = server.connect().await;
    half.write_all(&PREFACE[..20]).await.unwrap();
    let time = server.drain().await;
    assert!(about(0, time), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_one_second_for_a_peer_that_does_not_react() {
    let server = start().await;
    let _deaf = server.connect_http2().await;
    let time = server.drain().await;
    assert!(about(1, time), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_an_idle_client() {
    let server = start().await;
    let mut client = server.client().await;
    client.unary_echo(takes(0)).await.unwrap();
    let time = server.drain().await;
    assert!(about(0, time), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_a_call_in_flight() {
    let server = start().await;
    let mut client = server.client().await;
    let call = tokio::spawn(async move { client.unary_echo(takes(7_000)).await });
    sleep(Duration::from_millis(1)).await;
    let time = server.drain().await;
    assert_eq!(call.await.unwrap().unwrap().into_inner().message, "7000");
    assert!(about(7, time + Duration::from_millis(1)), "{time:?}");
}

/// The client's process has been stopped, or its network is gone, in the middle of a call.
#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_the_call_of_a_peer_that_does_not_react() {
    let server = start().await;
    let mut stream = server.connect_http2().await;
    stream.write_all(&begin_call()).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    let time = server.drain().await;
    assert!(about(1, time), "{time:?}");
}

/// A reset would make the client's next write fail, and tonic's client then gives up the responses
/// that it has not read.
#[tokio::test]
async fn a_client_that_still_writes_after_the_last_response_is_not_reset() {
    let server = start().await;
    let mut stream = server.connect_http2().await;
    let draining = tokio::spawn(server.drain());
    // Answers the PING that comes with the GOAWAY, so that the server ends the connection.
    let (mut seen, ping) = (Vec::new(), [0, 0, 8, 6, 0, 0, 0, 0, 0]);
    let payload = loop {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "the server has hung up");
        if let Some(at) = seen.windows(17).position(|bytes| bytes.starts_with(&ping)) {
            break seen[at + 9..at + 17].to_owned();
        }
    };
    stream.write_all(&[&[0, 0, 8, 6, 1, 0, 0, 0, 0][..], &payload].concat()).await.unwrap();
    stream.read_to_end(&mut seen).await.unwrap();
    for _ in 0..10 {
        stream.write_all(EMPTY_SETTINGS).await.unwrap();
        assert_eq!(stream.read(&mut [0; 9]).await.unwrap(), 0);
    }
    drop(stream);
    draining.await.unwrap();
}

#[tokio::test]
async fn every_call_that_has_reached_a_server_is_answered_though_it_drains() {
    for _ in 0..10 {
        let server = start().await;
        let begun = Arc::clone(&server.begun);
        let mut client = server.client().await;
        let callers = (0..32).map(|_| {
            let mut client = client.clone();
            tokio::spawn(async move {
                let mut answered = 0;
                while client.unary_echo(takes(1)).await.is_ok() {
                    answered += 1;
                }
                answered
            })
        });
        let callers = callers.collect::<Vec<_>>();
        client.unary_echo(takes(5)).await.unwrap();
        server.drain().await;
        let mut answered = 1;
        for caller in callers {
            answered += caller.await.unwrap();
        }
        assert_eq!(answered, begun.load(SeqCst));
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_end_is_dropped_after_ten_seconds() {
    let server = start_with_handshake().await;
    for handshake in ["", "ign", "ignore"] {
        let time = closed_after(server.connect_with(handshake.as_bytes()).await).await;
        assert!(about(10, time), "{handshake}: {time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn handshake_and_preface_have_ten_seconds_together() {
    let server = start_with_handshake().await;
    let mut stream = server.connect().await;
    sleep(Duration::from_secs(6)).await;
    stream.write_all(b"please").await.unwrap();
    let time = closed_after(stream).await;
    assert!(about(10, time + Duration::from_secs(6)), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_closed_when_its_handshake_fails() {
    let server = start_with_handshake().await;
    let time = closed_after(server.connect_with(b"refuse").await).await;
    assert!(about(0, time), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn unfinished_handshakes_do_not_delay_another_one() {
    let server = start_with_handshake().await;
    let mut unfinished = Vec::new();
    for _ in 0..100 {
        unfinished.push(server.connect_with(b"ignore").await);
    }
    let start = Instant::now();
    let mut stream = server.connect_with(b"please").await;
    stream.write_all(&[PREFACE, EMPTY_SETTINGS].concat()).await.unwrap();
    stream.read_exact(&mut [0; 9]).await.unwrap();
    assert!(about(0, start.elapsed()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_an_unfinished_handshake() {
    let server = start_with_handshake().await;
    let unfinished = server.connect_with(b"ignore").await;
    sleep(Duration::from_millis(1)).await;
    let time = server.drain().await;
    assert!(about(0, time), "{time:?}");
    assert!(about(0, closed_after(unfinished).await));
}

/// A stream that buffers what is written, as TLS does, until it may be flushed.
struct Buffered {
    stream: TcpStream,
    buffer: Vec<u8>,
    full: Arc<AtomicBool>,
}

impl AsyncRead for Buffered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Buffered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.buffer.extend(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.full.load(SeqCst) {
            // The test polls again when there is room.
            return Poll::Pending;
        }
        let buffer = std::mem::take(&mut self.buffer);
        assert_eq!(self.stream.try_write(&buffer).unwrap(), buffer.len());
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_has_not_ended_until_its_last_frame_is_flushed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let full = Arc::new(AtomicBool::new(true));
    let mut incoming = incoming_with(listener, |stream| {
        ready(Ok(Buffered { stream, buffer: Vec::new(), full: Arc::clone(&full) }))
    });
    let mut client = TcpStream::connect(addr).await.unwrap();
    let mut server = incoming.next().await.unwrap().unwrap();
    // HEADERS without a header, which start the call of stream 1 in both directions.
    let headers = [0, 0, 0, 1, 5, 0, 0, 0, 1];
    client.write_all(&[PREFACE, &headers].concat()).await.unwrap();
    server.read_exact(&mut [0; 33]).await.unwrap();

    drop(incoming);
    let mut byte = [0];
    let waited = timeout(Duration::from_secs(2), server.read(&mut byte)).await;
    assert!(waited.is_err(), "the call is in flight, so the connection stays open");
    server.write_all(&headers).await.unwrap();
    let flushed = timeout(Duration::from_secs(2), server.flush()).await;
    assert!(flushed.is_err(), "there is no room yet");
    let waited = timeout(Duration::from_secs(2), server.read(&mut byte)).await;
    assert!(waited.is_err(), "the response is still in the buffer");

    full.store(false, SeqCst);
    server.flush().await.unwrap();
    client.read_exact(&mut [0; 9]).await.unwrap();
    let error = server.read(&mut byte).await.unwrap_err();
    assert_eq!(error.to_string(), "the last call has ended");
}

//! Small messages and a slow reader, with the windows of `launcher::builder` and `launcher::endpoint`.
//!
//! A slow reader must meet flow control and nothing else. `h2` closes a connection with
//! ENHANCE_YOUR_CALM when too many small unread DATA frames wait on it, so these tests have one frame
//! per message, and fill all the windows that there are.

use std::{sync::Arc, time::Duration};

use bytes::{BufMut, Bytes, BytesMut};
use futures::future::{join_all, poll_fn, try_join_all};
use h2::{Ping, PingPong, RecvStream, SendStream, client::SendRequest};
use order_management::server;
use prost::Message;
use proto::ecommerce::order_management_client::OrderManagementClient;
use testing::start;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};

/// How many bytes both settings let a peer send on each stream before they are read.
const STREAM_WINDOW: usize = launcher::STREAM_WINDOW as usize;

/// How long a test waits. Nothing takes this long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// A message of `processOrders`, with its prefix.
fn message(id: &str) -> Bytes {
    let id = id.to_owned();
    let mut bytes = BytesMut::new();
    bytes.put_u8(0);
    bytes.put_u32(id.encoded_len().try_into().unwrap());
    id.encode(&mut bytes).unwrap();
    bytes.freeze()
}

/// A client without tonic, which decides itself what it sends in a frame and what it reads.
struct RawClient {
    requests: SendRequest<Bytes>,
    pings: PingPong,
    addr: String,
}

impl RawClient {
    /// Connects to our server. `window` is how many bytes it may send ahead on each stream.
    async fn connect(window: u32) -> Self {
        let addr = start(server::serve).await;
        let stream = TcpStream::connect(&addr).await.unwrap();
        let mut builder = h2::client::Builder::new();
        // A small buffer, so that `send` waits until most of its data has been sent.
        builder.initial_window_size(window).max_send_buffer_size(1_000);
        let (requests, mut connection) = builder.handshake(stream).await.unwrap();
        let pings = connection.ping_pong().unwrap();
        tokio::spawn(connection);
        Self { requests, pings, addr }
    }

    /// Starts a call of `processOrders`.
    async fn call(&mut self) -> (SendStream<Bytes>, RecvStream) {
        let uri = format!("http://{}/ecommerce.OrderManagement/processOrders", self.addr);
        let request = http::Request::post(uri).header("content-type", "application/grpc");
        let request = request.header("te", "trailers").body(()).unwrap();
        self.requests = self.requests.clone().ready().await.unwrap();
        let (response, ids) = self.requests.send_request(request, false).unwrap();
        (ids, response.await.unwrap().into_body())
    }

    /// Waits until the server has answered a ping, which it does only on a connection that works.
    async fn check(&mut self) {
        for _ in 0..2 {
            let pong = timeout(PATIENCE, self.pings.ping(Ping::opaque())).await;
            pong.expect("the server answers").expect("the connection works");
        }
    }
}

/// Sends `data` in a separate frame, as soon as flow control and the buffer have room for it.
async fn send(stream: &mut SendStream<Bytes>, data: Bytes) -> Result<(), h2::Error> {
    stream.reserve_capacity(data.len());
    while stream.capacity() < data.len() {
        poll_fn(|context| stream.poll_capacity(context)).await.unwrap()?;
    }
    stream.send_data(data, false)
}

/// Sends as many messages as fit into the window of a stream.
async fn fill(stream: &mut SendStream<Bytes>, message: &Bytes) {
    for _ in 0..STREAM_WINDOW / message.len() {
        let sent = timeout(PATIENCE, send(stream, message.clone())).await;
        sent.expect("the window has room").expect("the connection works");
    }
}

/// Reads a response to its end, and returns how many messages it had and its `grpc-status`.
async fn read(mut response: RecvStream) -> (usize, String) {
    let (mut bytes, mut messages) = (BytesMut::new(), 0);
    while let Some(data) = response.data().await {
        let data = data.expect("the connection works");
        response.flow_control().release_capacity(data.len()).unwrap();
        bytes.extend_from_slice(&data);
        while let Some(prefix) = bytes.first_chunk::<5>() {
            let [_, length @ ..] = *prefix;
            let length = 5 + u32::from_be_bytes(length) as usize;
            if bytes.len() < length {
                break;
            }
            let _ = bytes.split_to(length);
            messages += 1;
        }
    }
    let trailers = response.trailers().await.unwrap().unwrap();
    (messages, trailers["grpc-status"].to_str().unwrap().to_owned())
}

/// Sends 10,000 ids on each of `calls` streams, and reads the shipments only when nothing more can be
/// sent.
async fn send_10000_ids_and_read_later(calls: usize) {
    let mut client = RawClient::connect(1_000).await;
    let mut responses = Vec::new();
    for _ in 0..calls {
        let (mut ids, response) = client.call().await;
        fill(&mut ids, &message("102")).await;
        let rest = 10_000 - STREAM_WINDOW / message("102").len();
        let rest = tokio::spawn(async move {
            for _ in 0..rest {
                send(&mut ids, message("102")).await.unwrap();
            }
            ids.send_data(Bytes::new(), true).unwrap();
        });
        responses.push((response, rest));
    }
    client.check().await;
    let reading = responses.into_iter().map(async |(response, rest)| {
        let end = timeout(PATIENCE, read(response)).await.expect("the call ends");
        rest.await.unwrap();
        end
    });
    for end in join_all(reading).await {
        assert_eq!(end, (3_334, "0".to_owned()));
    }
}

#[tokio::test]
async fn a_stream_of_10000_ids_waits_for_a_client_that_reads_later() {
    send_10000_ids_and_read_later(1).await;
}

#[tokio::test]
async fn twelve_streams_of_10000_ids_wait_for_a_client_that_reads_later() {
    send_10000_ids_and_read_later(12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_200_streams_may_be_full_of_the_smallest_messages() {
    // With this window the server cannot send a shipment. It reads three ids for the first one, and
    // then no more.
    let mut client = RawClient::connect(0).await;
    let mut calls = Vec::new();
    for _ in 0..200 {
        let (mut ids, response) = client.call().await;
        let first = message("102");
        for _ in 0..3 {
            send(&mut ids, first.clone()).await.unwrap();
        }
        for _ in 0..(STREAM_WINDOW - 3 * first.len()) / message("").len() {
            let sent = timeout(PATIENCE, send(&mut ids, message(""))).await;
            sent.expect("the window has room").expect("the connection works");
        }
        calls.push((ids, response));
    }
    client.check().await;
    // All streams are in use, but the connection is not lost: a call that ends makes room for another.
    calls.pop();
    calls.push(timeout(PATIENCE, client.call()).await.expect("there is room for a call"));
}

/// A server without tonic that fills the window of each stream with empty messages, one per frame. It
/// adds a permit to `full` for each window that is full.
async fn serve_many_frames(listener: TcpListener, full: Arc<Semaphore>) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut connection = h2::server::Builder::new()
        .max_send_buffer_size(1_000)
        // It does not read the requests, and must not lose the connection over that.
        .initial_connection_window_size(launcher::CONNECTION_WINDOW)
        .handshake::<_, Bytes>(stream)
        .await
        .unwrap();
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        let response = http::Response::builder().header("content-type", "application/grpc");
        let mut messages = respond.send_response(response.body(()).unwrap(), false).unwrap();
        let full = Arc::clone(&full);
        tokio::spawn(async move {
            fill(&mut messages, &message("")).await;
            full.add_permits(1);
            // These have to wait until the client reads.
            fill(&mut messages, &message("")).await;
            let trailers = [("grpc-status", "0")].map(|(name, value)| {
                (name.parse().unwrap(), http::HeaderValue::from_static(value))
            });
            let _ = messages.send_trailers(trailers.into_iter().collect());
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_read_200_responses_of_the_smallest_messages_late() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let full = Arc::new(Semaphore::new(0));
    tokio::spawn(serve_many_frames(listener, Arc::clone(&full)));
    let channel = launcher::endpoint(&addr).unwrap().connect().await.unwrap();
    let client = OrderManagementClient::new(channel);

    let calls = (0..200).map(|_| {
        let mut client = client.clone();
        async move { client.search_orders("lamp".to_owned()).await }
    });
    let responses = try_join_all(calls).await.unwrap();
    let all = timeout(PATIENCE, full.acquire_many(200)).await;
    drop(all.expect("every window fills up while the server does not read"));
    let reading = responses.into_iter().map(async |response| {
        let (mut orders, mut count) = (response.into_inner(), 0);
        while orders.message().await?.is_some() {
            count += 1;
        }
        Ok::<_, tonic::Status>(count)
    });
    let counts = timeout(PATIENCE, try_join_all(reading)).await.expect("all streams end");
    assert!(counts.unwrap().iter().all(|count| *count == 2 * (STREAM_WINDOW / 5)));
}

/// A frame of HTTP/2, on stream 0 or 1.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

/// HTTP/2 allows 65,535 bytes until the server's SETTINGS say otherwise. With a smaller window, `h2` would
/// never widen it for this stream.
#[tokio::test]
async fn a_client_that_sends_before_it_has_the_settings_can_go_on() {
    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const SETTINGS: u8 = 4;
    const WINDOW_UPDATE: u8 = 8;
    let addr = start(server::serve).await;
    let mut client = OrderManagementClient::connect(format!("http://{addr}")).await.unwrap();
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let path = b"/ecommerce.OrderManagement/updateOrders";
    // POST, http, the path and the content-type.
    let mut headers = vec![0x83, 0x86, 0x44, u8::try_from(path.len()).unwrap()];
    headers.extend(path);
    headers.extend([0x5f, 16]);
    headers.extend(b"application/grpc");
    // Id 102, and an item. With its prefix it has 16 bytes.
    let update = b"\0\0\0\0\x0b\x0a\x03102\x12\x04lamp";
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    bytes.extend(frame(HEADERS, 4, 1, &headers));
    // 16 KiB, of which the last update is for order 103. The server reads all of it.
    let last = b"\0\0\0\0\x0b\x0a\x03103\x12\x04lamp";
    bytes.extend(frame(DATA, 0, 1, &[&update.repeat(1_023)[..], last].concat()));
    stream.write_all(&bytes).await.unwrap();
    let read = async {
        while client.get_order("103".to_owned()).await.unwrap().get_ref().items != ["lamp"] {}
    };
    timeout(PATIENCE, read).await.expect("the server reads what it got");

    let updates = frame(DATA, 0, 1, &update.repeat(1_024));
    let (mut window, mut left) = (65_535 - 16_384, 10);
    let upload = async {
        loop {
            let mut header = [0; 9];
            stream.read_exact(&mut header).await.unwrap();
            let [_, high, low, kind, flags, .., id] = header;
            let mut payload = vec![0; u16::from_be_bytes([high, low]).into()];
            stream.read_exact(&mut payload).await.unwrap();
            match (kind, id) {
                (SETTINGS, _) if flags == 0 => {
                    // Setting 4 is the window of each stream, also of those that are open.
                    let own = payload.chunks(6).find(|setting| setting[1] == 4).unwrap();
                    window += i32::from_be_bytes(own[2..].try_into().unwrap()) - 65_535;
                    stream.write_all(&frame(SETTINGS, 1, 0, &[])).await.unwrap();
                }
                (WINDOW_UPDATE, 1) => {
                    window += i32::from_be_bytes(payload[..].try_into().unwrap());
                }
                (HEADERS, 1) if flags & 1 == 1 => return,
                (kind, _) => assert!(kind != 3 && kind != 7, "the server ends the call"),
            }
            while window >= 16_384 && left > 0 {
                (window, left) = (window - 16_384, left - 1);
                stream.write_all(&updates).await.unwrap();
                if left == 0 {
                    stream.write_all(&frame(DATA, 1, 1, &[])).await.unwrap();
                }
            }
        }
    };
    timeout(Duration::from_secs(10), upload).await.expect("the upload ends");
}

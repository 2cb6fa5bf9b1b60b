//! 3. Do not make it worse.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use channel::{Backoff, Channel, Names};
use h2::server::SendResponse;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use load_balancing::{
    retries::{Retries, RetryPolicy},
    stub::UNARY_ECHO,
};
use proto::echo::{EchoRequest, echo_client::EchoClient};
use tokio::net::TcpListener;

/// What a backend does with a call.
#[derive(Clone, Copy)]
enum Act {
    Answer,
    /// Ends it with this status, and perhaps with a word on another attempt.
    Fail(&'static str, Option<&'static str>),
    /// Does not look at it, and ends the next with NOT_FOUND.
    Refuse,
}

const DOWN: Act = Act::Fail("14", None);
const NOT_FOUND: Act = Act::Fail("5", None);

/// A backend, how many attempts it has seen, and what it does.
struct Script {
    addr: SocketAddr,
    attempts: Arc<AtomicUsize>,
    act: Arc<Mutex<Act>>,
}

impl Script {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let addr = listener.local_addr().expect("it is bound");
        let (attempts, act) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(DOWN)));
        let (count, now) = (Arc::clone(&attempts), Arc::clone(&act));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (count, now) = (Arc::clone(&count), Arc::clone(&now));
                tokio::spawn(async move {
                    let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        count.fetch_add(1, SeqCst);
                        let mut now = now.lock().expect("no panic");
                        tokio::spawn(answer(request, respond, *now));
                        if matches!(*now, Act::Refuse) {
                            *now = NOT_FOUND;
                        }
                    }
                });
            }
        });
        Self { addr, attempts, act }
    }

    /// Calls, and returns how many attempts that took.
    async fn during<T>(&self, act: Act, call: impl Future<Output = T>) -> usize {
        *self.act.lock().expect("no panic") = act;
        let before = self.attempts.load(SeqCst);
        call.await;
        self.attempts.load(SeqCst) - before
    }
}

async fn answer(request: Request<h2::RecvStream>, mut respond: SendResponse<Bytes>, act: Act) {
    if matches!(act, Act::Refuse) {
        return respond.send_reset(h2::Reason::REFUSED_STREAM);
    }
    let mut request = request.into_body();
    while request.data().await.is_some() {}
    let mut head = Response::builder().header("content-type", "application/grpc");
    if let Act::Fail(status, pushback) = act {
        head = head.header("grpc-status", status);
        if let Some(pushback) = pushback {
            head = head.header("grpc-retry-pushback-ms", pushback);
        }
        respond.send_response(head.body(()).expect("a response"), true).expect("it is open");
        return;
    }
    let head = head.body(()).expect("a response");
    let mut body = respond.send_response(head, false).expect("it is open");
    body.send_data(Bytes::from_static(&[0; 5]), false).expect("it is open");
    let trailers = HeaderMap::from_iter([(
        HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    )]);
    body.send_trailers(trailers).expect("it is open");
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_when_most_calls_fail_they_are_not_repeated() {
    let backend = Script::start().await;
    let target = format!("ipv4:{}", backend.addr);
    let initial = Duration::from_millis(1);
    let backoff = Backoff { initial, max: initial, ..Backoff::default() };
    let policy = RetryPolicy { max_attempts: 4, backoff };
    let stub = || {
        let channel = Channel::to(&target, &Names::new()).expect("it is a target").build();
        let retries = Retries::new(channel).method(UNARY_ECHO, policy);
        EchoClient::new(retries.method("/grpc.examples.echo.Echo/ClientStreamingEcho", policy))
    };
    let first = stub();
    let request = EchoRequest::default;
    let unary = async |stub: &EchoClient<Retries>, act| {
        let mut stub = stub.clone();
        backend.during(act, stub.unary_echo(request())).await
    };
    // Has a policy too.
    let upload = async |act| {
        let mut stub = first.clone();
        let messages = futures::stream::iter([request()]);
        backend.during(act, stub.client_streaming_echo(messages)).await
    };
    // Has none.
    let download = async |act| {
        let mut stub = first.clone();
        backend.during(act, stub.server_streaming_echo(request())).await
    };

    // There are 1,000 tokens, and no more. These do not change them.
    for _ in 0..600 {
        assert_eq!(unary(&first, Act::Answer).await, 1);
        assert_eq!(download(DOWN).await, 1, "it has no policy");
        assert_eq!(unary(&first, Act::Refuse).await, 2, "refused, and then not found");
    }
    // Each failure takes one, and repeating needs more than 500.
    let never = Act::Fail("14", Some("-1"));
    assert_eq!(unary(&first, never).await, 1, "the backend wants no other attempt");
    for number in 1..=124 {
        assert_eq!(
            unary(&first, DOWN).await,
            4,
            "call {number}, and nothing before took a token"
        );
    }
    assert_eq!(unary(&first, DOWN).await, 3, "500 are not more than 500");
    for _ in 0..101 {
        assert_eq!(unary(&first, DOWN).await, 1, "no more than 500 are left");
    }
    assert_eq!(upload(DOWN).await, 1, "all methods share the tokens");
    assert_eq!(unary(&first, Act::Fail("14", Some("0"))).await, 1, "whoever asks for more");
    assert_eq!(unary(&first, Act::Refuse).await, 2, "that costs nothing");
    assert_eq!(unary(&stub(), DOWN).await, 4, "another channel has tokens of its own");

    // 397 are left, and there are never less than 0. Each success brings a tenth of one.
    for _ in 0..400 {
        assert_eq!(unary(&first, DOWN).await, 1);
    }
    for _ in 0..2_507 {
        assert_eq!(unary(&first, Act::Answer).await, 1);
        assert_eq!(download(Act::Answer).await, 1, "it counts without a policy too");
    }
    for _ in 0..50 {
        assert_eq!(unary(&first, NOT_FOUND).await, 1, "it changes nothing");
    }
    assert_eq!(unary(&first, Act::Answer).await, 1);
    assert_eq!(unary(&first, DOWN).await, 2, "there were 501.5, and then 500.5");
}

//! 1. Leave it to chance.

use std::mem;

use bytes::Bytes;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use testing::{Process, closed_addr};
use tokio::{net::TcpListener, sync::watch};

const PROGRAM: &str = env!("CARGO_BIN_EXE_load-balancing");

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_a_policy_that_leaves_it_to_chance() {
    let mut server =
        Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0", "--addr", "127.0.0.1:0"]);
    let addrs = [server.addr().await, server.addr().await];
    let client = |calls| {
        let [one, other] = &addrs;
        let policy = ["--policy", "random", "--calls", calls];
        let args = [&["client", "--addr", one, "--addr", other], &policy[..]].concat();
        Process::start(PROGRAM, &args).end()
    };
    let ended = client("200").await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let shares = ended.stdout.lines().map(|line| {
        let calls = line.rsplit(' ').next().expect("a split has a first part");
        calls.parse::<u32>().expect("it is a bar")
    });
    let shares = shares.collect::<Vec<_>>();
    assert_eq!((shares.len(), shares.iter().sum()), (2, 200), "{shares:?}");
    // Once in a billion times chance does worse.
    assert!(shares.iter().all(|share| (57..=143).contains(share)), "{shares:?}");

    // Of three times 20 calls, one at least is in another order than in turn.
    let mut repeated = false;
    for _ in 0..3 {
        let ended = client("20").await;
        let answers = ended.stdout.lines().take(20).collect::<Vec<_>>();
        repeated |= answers.windows(2).any(|pair| pair[0] == pair[1]);
    }
    assert!(repeated, "these are turns");

    // One that is not there is not waited for.
    let (_held, nobody) = closed_addr();
    let args = ["client", "--addr", &nobody, "--addr", &addrs[0], "--policy", "random"];
    let ended = Process::start(PROGRAM, &[&args[..], &["--calls", "200"]].concat()).end().await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    // Where nobody is, a call fails as with the other policies.
    let args = ["client", "--addr", &nobody, "--policy", "random", "--calls", "1"];
    let ended = Process::start(PROGRAM, &args).end().await;
    assert!(ended.stderr.contains("no backend can be reached"), "{}", ended.stderr);

    // Nor does it matter who has more calls in flight.
    let [busy, idle] = busy_and_idle(600).await;
    let args = ["client", "--addr", &busy, "--addr", &idle, "--policy", "random"];
    let args = [&args[..], &["--calls", "600", "--concurrency", "2"]].concat();
    let ended = Process::start(PROGRAM, &args).end().await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let bar = ended.stdout.lines().find(|line| line.contains(&busy)).expect("it has a bar");
    let calls = bar.rsplit(' ').next().expect("a split has a first part");
    // Once in a billion times chance does worse. The least request of two would be 150.
    assert!((225..=375).contains(&calls.parse::<u32>().expect("a number")), "{bar}");
}

/// Two backends, for so many calls. The first that comes to the one is answered last of all.
async fn busy_and_idle(calls: usize) -> [String; 2] {
    let answered = watch::Sender::new(0);
    let backend = async |mut busy: bool| {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let addr = listener.local_addr().expect("it is bound").to_string();
        let (answered, from) = (answered.clone(), format!("(from {addr})"));
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("it connects");
            let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
            while let Some(Ok((_, respond))) = connection.accept().await {
                let (last, answered, from) =
                    (mem::take(&mut busy), answered.clone(), from.clone());
                tokio::spawn(async move {
                    if last {
                        let mut others = answered.subscribe();
                        let _ = others.wait_for(|answered| *answered == calls - 1).await;
                    }
                    say(respond, &from);
                    answered.send_modify(|answered| *answered += 1);
                });
            }
        });
        addr
    };
    [backend(true).await, backend(false).await]
}

/// Answers with an `EchoResponse`, whose message is its field 1.
fn say(mut respond: SendResponse<Bytes>, message: &str) {
    let length = u8::try_from(message.len()).expect("it is short");
    let message = [&[0, 0, 0, 0, length + 2, 0x0a, length], message.as_bytes()].concat();
    let head = Response::builder().header("content-type", "application/grpc");
    let head = head.body(()).expect("it is a response");
    let mut body = respond.send_response(head, false).expect("the stream is open");
    body.send_data(message.into(), false).expect("the stream is open");
    let status = (HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"));
    body.send_trailers(HeaderMap::from_iter([status])).expect("the stream is open");
}

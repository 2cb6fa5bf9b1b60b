//! A decompression bomb, in both directions, and the memory that it costs.

use std::{
    convert::Infallible,
    io::{self, Read},
};

use compression::bomb::bomb;
use flate2::read::GzDecoder;
use http_body_util::Full;
use prost::Message;
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use testing::in_memory;
use tonic::{Code, Status, body::Body, codec::CompressionEncoding, transport::Channel};

use crate::raw::{call, channel};

const MIB: u64 = 1024 * 1024;

async fn explode(channel: &Channel) -> Status {
    call(channel, "addOrder", &[("grpc-encoding", "gzip")], bomb().unwrap()).await.status()
}

#[test]
fn the_bomb_has_200_kb_and_expands_to_an_order_of_200_mb() {
    let bomb = bomb().unwrap();
    assert!(bomb.len() <= 200_000, "{}", bomb.len());
    let mut order = GzDecoder::new(&bomb[5..]);
    let mut start = [0; 5];
    order.read_exact(&mut start).unwrap();
    // Field 3 with 200,000,000 bytes.
    assert_eq!(start, [0x1a, 0x80, 0x84, 0xaf, 0x5f]);
    let text = io::copy(&mut order.by_ref().take(200_000_000), &mut io::sink()).unwrap();
    assert_eq!(text, 200_000_000);
    let end = order.read(&mut [0]).unwrap_err();
    assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof, "only the checksum is missing");
    let short = [&[0x1a, 3][..], b"xxx"].concat();
    assert_eq!(Order::decode(&short[..]).unwrap().description, "xxx");
}

#[tokio::test]
async fn the_server_refuses_a_bomb_and_answers_the_next_call() {
    let channel = channel().await;
    let status = explode(&channel).await;
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("4194304"), "{status}");
    let order = OrderManagementClient::new(channel).get_order("106".to_owned()).await;
    assert_eq!(order.unwrap().into_inner().id, "106");
}

/// Runs `calls` in a runtime of one thread, and returns the most memory that was in use at a time.
fn peak(calls: impl AsyncFnOnce()) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    allocation_counter::measure(|| runtime.block_on(calls())).bytes_max
}

#[test]
fn the_client_refuses_a_bomb_in_a_response_without_expanding_it() {
    let mut refused = None;
    let peak = peak(async || {
        let server = tower::service_fn(|_: http::Request<Body>| async {
            let response = http::Response::builder()
                .header("content-type", "application/grpc")
                .header("grpc-encoding", "gzip")
                .body(Full::new(bomb().unwrap()));
            Ok::<_, Infallible>(response.unwrap())
        });
        let mut client = OrderManagementClient::new(in_memory(server).await)
            .accept_compressed(CompressionEncoding::Gzip);
        refused = client.get_order("106".to_owned()).await.err();
    });
    assert_eq!(refused.expect("it is refused").code(), Code::ResourceExhausted);
    assert!(peak < 16 * MIB, "{peak}");
}

/// The other tests protect from this. It also shows that they would notice.
#[test]
fn without_the_limit_a_bomb_fills_the_memory() {
    let peak = peak(async || {
        let service = compression::server::service(order_management::orders::Orders::default());
        let service = service.max_decoding_message_size(usize::MAX);
        explode(&in_memory(service).await).await;
    });
    assert!(peak > 200_000_000, "{peak}");
}

#[cfg(target_os = "linux")]
mod process {
    use testing::Process;
    use tokio::task::JoinSet;
    use tonic::transport::Channel;

    use super::{Code, MIB, explode};

    /// The most memory that the process has used so far, in bytes.
    fn peak(process: &Process) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
    }

    #[tokio::test]
    async fn forty_bombs_of_200_mb_cost_the_server_process_less_than_64_mib() {
        // Each thread expands one message at a time, so the cost depends on their number.
        let threads = "TOKIO_WORKER_THREADS=4";
        let program = env!("CARGO_BIN_EXE_compression");
        let args = [threads, program, "server", "--addr", "127.0.0.1:0"];
        let mut server = Process::start("env", &args);
        let uri = format!("http://{}", server.addr().await);
        let channel = Channel::from_shared(uri).unwrap().connect().await.unwrap();
        let before = peak(&server);
        let mut bombs = JoinSet::new();
        for _ in 0..40 {
            let channel = channel.clone();
            bombs.spawn(async move { explode(&channel).await.code() });
        }
        while let Some(code) = bombs.join_next().await {
            assert_eq!(code.unwrap(), Code::ResourceExhausted);
        }
        let cost = peak(&server) - before;
        eprintln!("before {before}, cost {cost}");
        assert!(cost < 64 * MIB, "before: {before}, cost: {cost}");
    }
}

//! The server and each value of `grpc-timeout`.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use deadlines::{
    inventory::Stock,
    layers::{MAX, enforce_deadlines},
};
use http::Response;
use http_body_util::Full;
use proto::workshop::{
    ReserveRequest, ReserveResponse,
    inventory_client::InventoryClient,
    inventory_server::{Inventory, InventoryServer},
};
use testing::in_memory;
use tokio::time::{Instant, sleep};
use tonic::{Code, Request, Status, body::Body, service::Routes};
use tower::{Service, ServiceExt};

use crate::helper::SECOND;

/// A request of `reserve` with an empty message and this header.
fn request(timeout: Option<&[u8]>) -> http::Request<Body> {
    let mut request = http::Request::post("http://in.memory/workshop.Inventory/reserve")
        .header("content-type", "application/grpc");
    if let Some(timeout) = timeout {
        request = request.header("grpc-timeout", timeout);
    }
    request.body(Body::new(Full::from(vec![0; 5]))).expect("HTTP allows the header")
}

/// Makes a call with this header. Returns its status, if it is in the headers, and whether the method ran.
async fn call(header: Option<&[u8]>, work: Duration) -> (Option<Code>, bool) {
    let ran = Arc::new(Mutex::new(false));
    let service = Routes::new(InventoryServer::new(Ran(Arc::clone(&ran), work)));
    let request = request(header);
    let response: Response<Body> =
        enforce_deadlines(service).oneshot(request).await.expect("there is a response");
    let status = Status::from_header_map(response.headers()).map(|status| status.code());
    let ran = *ran.lock().unwrap();
    (status, ran)
}

struct Ran(Arc<Mutex<bool>>, Duration);

#[tonic::async_trait]
impl Inventory for Ran {
    async fn reserve(
        &self,
        _: Request<ReserveRequest>,
    ) -> Result<tonic::Response<ReserveResponse>, Status> {
        *self.0.lock().unwrap() = true;
        sleep(self.1).await;
        Ok(tonic::Response::new(ReserveResponse::default()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_malformed_timeout_is_internal_and_the_method_does_not_run() {
    let malformed: [&[u8]; 14] = [
        b"",
        b"5",
        b"S",
        b"5x",
        b"5s",
        b"-5S",
        b"+5S",
        b"5 S",
        b" 5S ",
        b"1.5S",
        b"123456789S",
        b"5SS",
        "٥S".as_bytes(),
        b"\xff\xff",
    ];
    for header in malformed {
        let header = Some(header);
        assert_eq!(call(header, SECOND).await, (Some(Code::Internal), false), "{header:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_time_is_deadline_exceeded_at_once_and_the_method_does_not_run() {
    for header in [&b"0n"[..], b"0H", b"00000000S"] {
        let start = Instant::now();
        let expected = (Some(Code::DeadlineExceeded), false);
        assert_eq!(call(Some(header), SECOND).await, expected, "{header:?}");
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn each_unit_is_understood() {
    for (header, time) in [
        (&b"1M"[..], 60 * SECOND),
        (b"2S", 2 * SECOND),
        (b"00000002S", 2 * SECOND),
        (b"2000m", 2 * SECOND),
        (b"2000000u", 2 * SECOND),
        (b"99999999n", Duration::from_nanos(99_999_999)),
    ] {
        let start = Instant::now();
        let expected = (Some(Code::DeadlineExceeded), true);
        assert_eq!(call(Some(header), 100 * SECOND).await, expected, "{header:?}");
        let late = start.elapsed() - time;
        assert!(late < Duration::from_millis(5), "{header:?} ends {late:?} late");
        assert_eq!(call(Some(header), time / 2).await, (None, true), "{header:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_absurd_timeout_and_a_missing_one_are_the_server_s_limit() {
    for header in [None, Some(&b"99999999H"[..]), Some(b"99999999M"), Some(b"2H"), Some(b"61S")]
    {
        let start = Instant::now();
        let expected = (Some(Code::DeadlineExceeded), true);
        assert_eq!(call(header, 2 * MAX).await, expected, "{header:?}");
        let late = start.elapsed() - MAX;
        assert!(late < Duration::from_millis(5), "{header:?} ends {late:?} late");
    }
}

#[tokio::test(start_paused = true)]
async fn the_longest_timeout_of_a_client_does_not_panic() {
    let stock = Routes::new(InventoryServer::new(Stock::default()));
    let channel = in_memory(enforce_deadlines(stock)).await;
    let channel = deadlines::layers::with_deadlines(channel, Duration::MAX);
    let mut client = InventoryClient::new(channel);
    client.reserve(ReserveRequest::default()).await.expect("the default is long enough");
    let mut request = Request::new(ReserveRequest::default());
    request.metadata_mut().insert("grpc-timeout", "99999999H".parse().expect("it is ASCII"));
    client.reserve(request).await.expect("it is long enough");
}

#[tokio::test(start_paused = true)]
async fn the_time_starts_with_the_call_and_not_when_it_is_first_polled() {
    let start = Instant::now();
    let ran = Ran(Arc::default(), 10 * SECOND);
    let mut service = enforce_deadlines(Routes::new(InventoryServer::new(ran)));
    let response = service.call(request(Some(b"1S")));
    // tonic starts its own timer now. Ours must end first, or clients could see CANCELLED.
    sleep(SECOND / 2).await;
    response.await.expect("there is a response");
    assert!(start.elapsed() < SECOND + Duration::from_millis(5), "{:?}", start.elapsed());
}

//! A backend whose next statuses a test decides.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use http::{HeaderMap, HeaderValue, Response};
use tokio::net::TcpListener;

/// In place of a status: the call is refused unprocessed.
pub(crate) const REFUSED: usize = 100;

pub(crate) struct Backend {
    pub(crate) addr: String,
    /// The grpc-status of each call that comes now.
    pub(crate) status: Arc<AtomicUsize>,
    /// How many calls have come. This one is answered with 0 in any case, if it is not 0.
    pub(crate) attempts: Arc<AtomicUsize>,
    pub(crate) ok_at: Arc<AtomicUsize>,
}

impl Backend {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let addr = listener.local_addr().expect("it is bound").to_string();
        let backend = Self {
            addr,
            status: Arc::default(),
            attempts: Arc::default(),
            ok_at: Arc::default(),
        };
        let (status, attempts) = (Arc::clone(&backend.status), Arc::clone(&backend.attempts));
        let ok_at = Arc::clone(&backend.ok_at);
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("the channel connects");
            let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
            while let Some(Ok((_, mut call))) = connection.accept().await {
                let attempt = attempts.fetch_add(1, SeqCst) + 1;
                let now = if attempt == ok_at.load(SeqCst) { 0 } else { status.load(SeqCst) };
                if now == REFUSED {
                    call.send_reset(h2::Reason::REFUSED_STREAM);
                    continue;
                }
                let response = Response::builder().header("content-type", "application/grpc");
                if now != 0 {
                    let response = response.header("grpc-status", now).body(()).expect("valid");
                    call.send_response(response, true).expect("the stream is open");
                    continue;
                }
                let response = response.body(()).expect("the headers are valid");
                let mut body = call.send_response(response, false).expect("it is open");
                body.send_data(vec![0; 5].into(), false).expect("it is open");
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", HeaderValue::from_static("0"));
                body.send_trailers(trailers).expect("the stream is open");
            }
        });
        backend
    }
}

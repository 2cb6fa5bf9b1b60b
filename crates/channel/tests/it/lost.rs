//! Calls whose connection ends.

use std::{
    future::ready,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use channel::{Channel, is_refused};
use futures::FutureExt;
use proto::echo::{EchoRequest, echo_client::EchoClient};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    sync::oneshot,
};
use tonic::Code;

use crate::network::{Network, connect, settle, told};

#[tokio::test(start_paused = true)]
async fn a_call_whose_connection_is_lost_is_unavailable_and_names_the_backend() {
    let network = Network::default();
    let (mut incoming, _stop) = network.listen(1);
    let served = tokio::spawn(async move {
        let stream = incoming.recv().await.expect("the channel connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        let (_request, _respond) =
            connection.accept().await.expect("a call").expect("no error");
        // Keeps the call open until the connection ends.
        let _ = connection.accept().await;
    });
    let channel = Channel::over(told(&[1]).1).connector(connect(&network)).build();
    let mut client = EchoClient::new(channel);
    let call = tokio::spawn(async move { client.unary_echo(EchoRequest::default()).await });
    settle().await;
    network.kill(1);
    let status = call.await.expect("no panic").expect_err("the call is lost");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().starts_with("the connection to 10.0.0.1:50051 was lost: "));
    served.await.expect("no panic");
}

/// A connection that the other side closes at a moment that the test chooses. From then on, a write
/// fails before anything is read. A socket does the same if the task of the connection has something
/// to write before it hears that there is something to read.
struct WriteFailsFirst(DuplexStream, Arc<Mutex<Closing>>);

#[derive(Default)]
struct Closing {
    closed: bool,
    write_has_failed: bool,
    reader: Option<Waker>,
}

impl AsyncRead for WriteFailsFirst {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        {
            let mut closing = self.1.lock().unwrap();
            if closing.closed && !closing.write_has_failed {
                closing.reader = Some(context.waker().clone());
                return Poll::Pending;
            }
        }
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for WriteFailsFirst {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        {
            let mut closing = self.1.lock().unwrap();
            if closing.closed {
                closing.write_has_failed = true;
                closing.reader.take().into_iter().for_each(Waker::wake);
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
        }
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_answer_and_the_goaway_are_read_even_if_a_write_fails_first() {
    let network = Network::default();
    let (mut incoming, _stop) = network.listen(1);
    let (close, closes) = oneshot::channel::<()>();
    tokio::spawn(async move {
        let stream = incoming.recv().await.expect("the channel connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        let (_, mut call) = connection.accept().await.expect("a call").expect("no error");
        tokio::select! { _ = closes => {}, _ = connection.accept() => panic!("one call only") }
        let head = http::Response::builder().header("content-type", "application/grpc");
        let head = head.header("grpc-status", "5").body(()).expect("the headers are valid");
        call.send_response(head, true).expect("the stream is open");
        // Sends the answer.
        assert!(connection.accept().now_or_never().is_none());
        connection.abrupt_shutdown(h2::Reason::NO_ERROR);
        while connection.accept().await.is_some() {}
    });
    let closing = Arc::new(Mutex::new(Closing::default()));
    let (wires, shared) = (network.clone(), Arc::clone(&closing));
    let connector = move |to| {
        ready(wires.connect(to).map(|stream| WriteFailsFirst(stream, Arc::clone(&shared))))
    };
    let channel = Channel::over(told(&[1]).1).connector(connector).build();
    let call = || {
        let mut client = EchoClient::new(channel.clone());
        tokio::spawn(async move { client.unary_echo(EchoRequest::default()).await })
    };
    let answered = call();
    settle().await;
    closing.lock().unwrap().closed = true;
    close.send(()).expect("the backend runs");
    settle().await;
    // The channel has not read the GOAWAY, so it still uses the connection.
    let refused = call();
    let answered = answered.await.expect("no panic").expect_err("this is the answer");
    assert_eq!(answered.code(), Code::NotFound, "{answered:?}");
    let refused = refused.await.expect("no panic").expect_err("no backend has seen it");
    assert!(is_refused(&refused), "{refused:?}");
}

//! Running an example: its server, its client, or both.

use std::future::pending;

use launcher::{Error, Shutdown, both, client, incoming, server};
use proto::echo::echo_server::EchoServer;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tonic::{Status, transport::Server};

use crate::connections::{EMPTY_SETTINGS, PREFACE, Slow, begin_call};

/// A server that does nothing until it is asked to stop.
async fn idle(_: TcpListener, shutdown: Shutdown) -> Result<(), Error> {
    shutdown.await;
    Ok(())
}

/// A server that does not care.
async fn deaf(_: TcpListener, _: Shutdown) -> Result<(), Error> {
    pending().await
}

/// A server that returns although it was not asked to stop.
async fn gone(_: TcpListener, _: Shutdown) -> Result<(), Error> {
    Ok(())
}

async fn broken(_: TcpListener, _: Shutdown) -> Result<(), Error> {
    Err("the server broke".into())
}

fn text(result: Result<(), Error>) -> String {
    result.expect_err("it has to fail").to_string()
}

#[tokio::test]
async fn a_client_beside_its_server_can_connect_at_once() {
    let connect = async |addr: String| Ok(TcpStream::connect(addr).await.map(drop)?);
    both(idle, connect).await.unwrap();
}

#[tokio::test]
async fn the_result_of_both_sides_is_the_clients() {
    let result = both(idle, async |_| Err("the client broke".into())).await;
    assert_eq!(text(result), "the client broke");
}

#[tokio::test]
async fn a_server_that_ends_by_itself_ends_the_client_too() {
    let result = both(broken, async |_| pending().await).await;
    assert_eq!(text(result), "the server broke");
}

#[tokio::test]
async fn a_server_that_is_gone_before_its_client_is_done_is_an_error() {
    let result = both(gone, async |_| pending().await).await;
    assert_eq!(text(result), "the server ended before its client did");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_return_is_ended_after_ten_seconds() {
    let start = tokio::time::Instant::now();
    // There are no calls that could be cut off, so this is not an error.
    both(deaf, async |_| Ok(())).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn the_call_of_a_client_that_does_not_react_to_the_shutdown_is_reported() {
    let serve = async |listener, shutdown| {
        Server::builder()
            .add_service(EchoServer::new(Slow::default()))
            .serve_with_incoming_shutdown(incoming(listener), shutdown)
            .await
    };
    let mut silent = None;
    let connect = async |addr| {
        let mut stream = TcpStream::connect(addr).await?;
        stream.write_all(&[PREFACE, EMPTY_SETTINGS, &begin_call()].concat()).await?;
        // SETTINGS and the acknowledgement, so the server has read everything.
        stream.read_exact(&mut [0; 18]).await?;
        silent = Some(stream);
        Ok(())
    };
    let reason = text(both(serve, connect).await);
    assert!(reason.starts_with("cut off 1 call: the client did not react"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_clients_error_is_told_though_the_server_does_not_drain() {
    let result = both(deaf, async |_| Err("the client broke".into())).await;
    assert_eq!(text(result), "the client broke");
}

#[tokio::test]
async fn a_status_that_ends_a_client_is_told_with_the_address() {
    let result = client("localhost:1", async |_| Err(Status::internal("oh no").into())).await;
    assert_eq!(text(result), "a call to localhost:1 failed: INTERNAL: oh no");
}

#[tokio::test]
async fn a_server_without_the_method_may_be_another_examples() {
    let result = client("localhost:1", async |_| Err(Status::unimplemented("").into())).await;
    assert!(text(result).ends_with("; is it the server of another example?"));
}

#[tokio::test]
async fn any_other_error_of_a_client_is_told_as_it_is() {
    let result = client("localhost:1", async |_| Err("out of ideas".into())).await;
    assert_eq!(text(result), "out of ideas");
}

#[tokio::test]
async fn a_servers_message_causes_no_advice_about_the_connection() {
    let status = Status::aborted("the order was canceled by its owner: broken pipe");
    let result = client("localhost:1", async |_| Err(status.into())).await;
    let expected = "ABORTED: the order was canceled by its owner: broken pipe";
    assert_eq!(text(result), format!("a call to localhost:1 failed: {expected}"));
}

#[tokio::test]
async fn no_side_is_started_for_an_address_that_does_not_parse() {
    let served =
        server(&["nonsense".to_owned()], async |_, _| Err::<(), Error>("started".into())).await;
    let called = client("nonsense", async |_| Err("started".into())).await;
    assert!(text(served).starts_with("invalid address \"nonsense\""));
    assert!(text(called).starts_with("invalid address \"nonsense\""));
}

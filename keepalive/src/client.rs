//! The client: one call, and a stream that stays open.

use std::{error::Error as _, sync::Arc, time::Duration};

use clap::Args;
use futures::{StreamExt, stream};
use launcher::{Addr, Error, describe, endpoint, root_cause, transcript};
use proto::echo::{EchoRequest, EchoResponse, echo_client::EchoClient};
use tokio::time::{Instant, timeout, timeout_at};
use tonic::{
    Code, Request, Response, Status, Streaming, TimeoutExpired,
    transport::{Channel, Endpoint},
};

/// `client`, and its flags.
#[derive(Args, Debug)]
pub struct Client {
    /// The server
    #[command(flatten)]
    pub addr: Addr,
    /// Send a PING when nothing has arrived for this long
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    interval: Duration,
    /// Close the connection when the PING is not answered within this time
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    timeout: Duration,
    /// How long to keep the stream open
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    deadline: Duration,
}

/// Reads a duration. With 0s, PINGs would flood the network, and a huge one would overflow the clock.
fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let allowed = Duration::from_millis(1)..=Duration::from_secs(24 * 60 * 60);
    let range = || "it must be from 1ms to 1day".to_owned();
    allowed.contains(&duration).then_some(duration).ok_or_else(range)
}

/// The server at `target`, with this interval and timeout, or without keepalive.
pub fn keepalive(target: &str, times: Option<[Duration; 2]>) -> Result<Endpoint, Error> {
    // Without an interval there are no PINGs. This is the default, as in Go and Java.
    let Some([interval, timeout]) = times else { return Ok(endpoint(target)?) };
    Ok(endpoint(target)?
        .http2_keep_alive_interval(interval)
        .keep_alive_timeout(timeout)
        // Production: no PINGs while no call is in flight, because many servers refuse those. If the
        // connection is lost in that time, the next call finds out.
        .keep_alive_while_idle(false))
}

/// Makes one call, and waits for the response.
pub async fn echo(client: &mut EchoClient<Channel>, deadline: Duration) -> Result<(), Status> {
    let mut request = Request::new(EchoRequest { message: "hello".into() });
    request.set_timeout(deadline);
    // In tonic, this deadline ends with the headers of the response, and the message may never follow.
    match timeout(deadline, client.unary_echo(request)).await {
        Ok(response) => response.map(drop).map_err(as_specified),
        Err(_) => Err(Status::deadline_exceeded("no response in time")),
    }
}

/// Opens a stream, and waits for the headers of its response.
pub async fn open(
    client: &mut EchoClient<Channel>,
    deadline: Duration,
) -> Result<Streaming<EchoResponse>, Status> {
    let hello = EchoRequest { message: "hello".into() };
    // After its first message the client sends nothing more, and does not half-close the stream.
    let mut request = Request::new(stream::iter([hello]).chain(stream::pending()));
    request.set_timeout(deadline);
    let response = client.bidirectional_streaming_echo(request).await;
    response.map(Response::into_inner).map_err(as_specified)
}

/// Waits for the end of a stream.
pub async fn end(stream: &mut Streaming<EchoResponse>) -> Result<(), Status> {
    while stream.message().await.map_err(as_specified)?.is_some() {}
    Ok(())
}

/// The status that gRPC specifies, where tonic's is another.
///
/// If a call ends without a status from the server, tonic makes one, and the reason is its source. When
/// keepalive gives up, a call that waits for its response gets UNAVAILABLE, as it should. A stream gets
/// UNKNOWN, and programs that try again after UNAVAILABLE do not try again after that.
fn as_specified(status: Status) -> Status {
    let Some(cause) = status.source().map(root_cause) else { return status };
    if cause.is::<TimeoutExpired>() {
        return Status::deadline_exceeded("no response in time");
    }
    // RST_STREAM ends this call only, and tonic's code for it is right. GOAWAY ends the connection.
    let reset = cause.downcast_ref().is_some_and(h2::Error::is_reset);
    if reset || status.code() == Code::Unavailable {
        return status;
    }
    let mut lost = Status::unavailable("the connection was lost");
    lost.set_source(Arc::new(status));
    lost
}

impl Client {
    /// Makes one call to `target`, and then keeps a stream open until its deadline, which is no error.
    pub async fn run(&self, target: String) -> Result<(), Error> {
        let endpoint = keepalive(&target, Some([self.interval, self.timeout]))?;
        let mut client = EchoClient::new(endpoint.connect().await?);
        echo(&mut client, self.deadline).await?;
        transcript!(client, "UnaryEcho -> OK");

        let start = Instant::now();
        let mut stream = open(&mut client, self.deadline).await?;
        transcript!(client, "BidirectionalStreamingEcho: the stream is open");
        // In tonic, a deadline ends with the headers of the response, so the rest of a stream has none.
        // In Go and Java it covers all of the stream.
        let ended = timeout_at(start + self.deadline, end(&mut stream)).await;
        let after = format!("after {:.1}s", start.elapsed().as_secs_f64());
        match ended {
            Ok(Ok(())) => transcript!(client, "the server has ended the stream, {after}"),
            Ok(Err(status)) if status.code() != Code::DeadlineExceeded => {
                let status = describe(&status);
                transcript!(client, "the stream -> {status}, {after}");
                let advice =
                    "check the network, or send fewer PINGs if the server refuses them";
                return Err(format!("the stream to {target} failed: {status}; {advice}").into());
            }
            _ => transcript!(client, "the stream was open until its deadline, {after}"),
        }
        Ok(())
    }
}

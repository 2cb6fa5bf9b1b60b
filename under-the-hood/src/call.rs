//! A call over the `h2` crate alone. gRPC is a way to use HTTP/2, and this is all of it.

use std::{future::poll_fn, time::Duration};

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream, client::SendRequest};
use tokio::{
    pin, select,
    time::{Instant, timeout_at},
};

use crate::{
    framing::{Messages, frame},
    headers,
    status::{
        CANCELLED, DEADLINE_EXCEEDED, INTERNAL, OK, RESOURCE_EXHAUSTED, Status, UNAVAILABLE,
    },
};

/// The longest message that is taken, as elsewhere.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// A call that has been sent, and whose response has begun.
pub struct Call {
    response: RecvStream,
    messages: Messages,
    deadline: Instant,
    /// The status, where it came with the headers: there is no message then.
    trailers_only: Option<Status>,
}

/// Calls the method at `path` with one message. Returns when the headers of the response have come,
/// or fails with the status that the call has ended with.
pub async fn call(
    requests: &SendRequest<Bytes>,
    authority: &str,
    path: &str,
    message: &[u8],
    timeout: Duration,
) -> Result<Call, Status> {
    let deadline = Instant::now() + timeout;
    let request = headers::request(authority, path, timeout)
        .map_err(|error| Status::new(INTERNAL, error.to_string()))?;
    let framed = frame(message).map_err(|error| Status::new(INTERNAL, error.to_string()))?;

    let sent = async {
        // There may be as many calls already as the server allows on a connection.
        let mut requests = requests.clone().ready().await?;
        let (response, body) = requests.send_request(request, false)?;
        pin!(response);
        select! {
            sent = send(body, framed) => sent?,
            // A server may answer before it has read everything, and then reads no more.
            early = &mut response => return early,
        }
        response.await
    };
    let sent = timeout_at(deadline, sent).await.map_err(|_| late())?;
    let response = sent.map_err(|error| broken(&error))?;
    headers::check_response(&response)?;

    let (head, response) = response.into_parts();
    let only = head.headers.contains_key("grpc-status").then(|| Status::read(&head.headers));
    Ok(Call { response, messages: Messages::new(MAX_MESSAGE), deadline, trailers_only: only })
}

/// Sends a message and half-closes, as fast as the server's flow control allows.
async fn send(mut body: SendStream<Bytes>, mut data: Bytes) -> Result<(), h2::Error> {
    while !data.is_empty() {
        body.reserve_capacity(data.len());
        let Some(capacity) = poll_fn(|context| body.poll_capacity(context)).await else {
            return Err(Reason::CANCEL.into());
        };
        let part = data.split_to(capacity?.min(data.len()));
        body.send_data(part, data.is_empty())?;
    }
    Ok(())
}

impl Call {
    /// The next message, or `None` when the call has ended with OK. Fails with any other status.
    pub async fn message(&mut self) -> Result<Option<Bytes>, Status> {
        if let Some(status) = self.trailers_only.take() {
            return ended(status);
        }
        let deadline = self.deadline;
        timeout_at(deadline, self.read()).await.map_err(|_| late())?
    }

    async fn read(&mut self) -> Result<Option<Bytes>, Status> {
        let malformed =
            |error: crate::framing::Malformed| Status::new(INTERNAL, error.to_string());
        loop {
            if let Some(message) = self.messages.take().map_err(malformed)? {
                if message.compressed {
                    return Err(Status::new(
                        INTERNAL,
                        "compressed, and nobody has asked for it",
                    ));
                }
                return Ok(Some(message.bytes));
            }
            let Some(data) = self.response.data().await else { break };
            let data = data.map_err(|error| broken(&error))?;
            self.messages.push(&data);
            // What has been read makes room for more. Without this the server would stand still
            // after 64 KiB.
            let flow = self.response.flow_control().release_capacity(data.len());
            flow.map_err(|error| broken(&error))?;
        }
        let trailers = self.response.trailers().await.map_err(|error| broken(&error))?;
        let status = Status::read(&trailers.unwrap_or_default());
        if status.code == OK {
            self.messages.end().map_err(malformed)?;
        }
        ended(status)
    }

    /// The only message of a unary call.
    pub async fn only_message(mut self) -> Result<Bytes, Status> {
        let message = self.message().await?;
        let message = message.ok_or_else(|| Status::new(INTERNAL, "OK, but no message"))?;
        match self.message().await? {
            None => Ok(message),
            Some(_) => Err(Status::new(INTERNAL, "more than one message")),
        }
    }
}

fn ended(status: Status) -> Result<Option<Bytes>, Status> {
    if status.code == OK { Ok(None) } else { Err(status) }
}

/// The deadline is the client's own. The server has its part of it in `grpc-timeout`; when the call
/// is dropped here, h2 sends it RST_STREAM with CANCEL.
fn late() -> Status {
    Status::new(DEADLINE_EXCEEDED, "the deadline has passed")
}

/// The status of a call whose stream or connection broke, as gRPC translates it.
fn broken(error: &h2::Error) -> Status {
    let code = match error.reason() {
        Some(Reason::REFUSED_STREAM) | None => UNAVAILABLE,
        Some(Reason::CANCEL) => CANCELLED,
        Some(Reason::ENHANCE_YOUR_CALM) => RESOURCE_EXHAUSTED,
        Some(_) => INTERNAL,
    };
    Status::new(code, error.to_string())
}

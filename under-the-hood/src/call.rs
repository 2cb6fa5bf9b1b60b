//! A call over the `h2` crate alone. gRPC is a way to use HTTP/2, and this is all of it.

use std::{future::poll_fn, time::Duration};

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream, client::SendRequest};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

use crate::{
    framing::{Messages, frame},
    headers,
    status::{
        CANCELLED, DEADLINE_EXCEEDED, INTERNAL, OK, PERMISSION_DENIED, RESOURCE_EXHAUSTED,
        Status, UNAVAILABLE,
    },
};

/// The longest message that is taken, as elsewhere.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// A call that has been sent, and whose response has begun.
pub struct Call {
    response: RecvStream,
    messages: Messages,
    deadline: Instant,
    /// How it has ended, once that is known. Where it came with the headers, there is no message.
    ended: Option<Status>,
    /// What is still being sent. If the call is dropped, h2 sends RST_STREAM with CANCEL.
    _sending: JoinSet<Result<(), h2::Error>>,
}

/// Calls the method at `path` with one message, which is sent when `when` has ended. Returns when the
/// headers of the response have come, or fails with the status that the call has ended with.
pub async fn call(
    requests: &SendRequest<Bytes>,
    authority: &str,
    path: &str,
    message: &[u8],
    timeout: Duration,
    when: impl Future<Output = ()> + Send + 'static,
) -> Result<Call, Status> {
    // No clock and no header knows a longer one.
    let timeout = timeout.min(Duration::from_secs(99_999_999));
    let deadline = Instant::now() + timeout;
    let request = headers::request(authority, path, timeout)
        .map_err(|error| Status::new(INTERNAL, error.to_string()))?;
    let framed = frame(message)?;

    let mut sending = JoinSet::new();
    let sent = async {
        let mut requests = requests.clone().ready().await?;
        let (response, body) = requests.send_request(request, false)?;
        // Meanwhile, and in a task of its own: a server may answer before it has read everything,
        // and then read on, or not.
        sending.spawn(async {
            when.await;
            send(body, framed).await
        });
        response.await
    };
    let sent = timeout_at(deadline, sent).await.map_err(|_| late())?;
    let response = sent.map_err(|error| broken(&error))?;
    headers::check_response(&response)?;

    let (head, response) = response.into_parts();
    let ended = head.headers.contains_key("grpc-status").then(|| Status::read(&head.headers));
    let messages = Messages::new(MAX_MESSAGE);
    Ok(Call { response, messages, deadline, ended, _sending: sending })
}

/// Sends a message and half-closes, as fast as the server's flow control allows.
async fn send(mut body: SendStream<Bytes>, mut data: Bytes) -> Result<(), h2::Error> {
    while !data.is_empty() {
        // Asks for room, and waits until there is some, on the stream and on the connection.
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
        if self.ended.is_none() {
            let read =
                timeout_at(self.deadline, self.read()).await.unwrap_or_else(|_| Err(late()));
            match read {
                Ok(Some(message)) => return Ok(Some(message)),
                Ok(None) => self.ended = Some(Status::new(OK, "")),
                Err(status) => self.ended = Some(status),
            }
        }
        match &self.ended {
            Some(status) if status.code != OK => Err(status.clone()),
            _ => Ok(None),
        }
    }

    async fn read(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = self.messages.take()? {
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
            self.messages.end()?;
        }
        if status.code == OK { Ok(None) } else { Err(status) }
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

/// The deadline is the client's own. The server has its part of it in `grpc-timeout`.
fn late() -> Status {
    Status::new(DEADLINE_EXCEEDED, "the deadline has passed")
}

/// The status of a call whose stream or connection broke, as gRPC translates it.
fn broken(error: &h2::Error) -> Status {
    let code = match error.reason() {
        // The connection takes no more calls; another will.
        _ if error.is_go_away() => UNAVAILABLE,
        Some(Reason::REFUSED_STREAM) | None => UNAVAILABLE,
        Some(Reason::CANCEL) => CANCELLED,
        Some(Reason::ENHANCE_YOUR_CALM) => RESOURCE_EXHAUSTED,
        Some(Reason::INADEQUATE_SECURITY) => PERMISSION_DENIED,
        Some(_) => INTERNAL,
    };
    Status::new(code, error.to_string())
}

//! Question and answer: a call for each, or one stream of questions and one of answers.

use docs::{
    paired::Way,
    report::{Outcome, Report},
};
use futures::stream;
use load_balancing::stub::Stub;
use proto::echo::EchoRequest;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::{
    echo::{self, hello},
    sides::{CALLERS, Sides, shared},
};

pub(crate) fn measure(report: &Report, sides: &Sides) -> Outcome {
    let questions = report.amount(5_000);
    let stub = echo::connect(sides, &echo::serve(sides));
    let one = || vec![stub.clone()];
    let ways = vec![
        Way::new("UnaryEcho, one after another", || {
            sides.time(shared(1, one(), questions, hello))
        }),
        Way::new("UnaryEcho, 64 at a time", || {
            sides.time(shared(CALLERS, one(), questions, hello))
        }),
        Way::new("a stream, one after another", || {
            sides.time(shared(1, one(), questions, waiting))
        }),
        Way::new("a stream, without waiting", || {
            sides.time(shared(1, one(), questions, hurrying))
        }),
    ];
    report.compare("streaming-both", "5,000 questions, and an answer to each", ways)
}

fn question() -> EchoRequest {
    EchoRequest { message: "x".repeat(10) }
}

/// Sends the next question when the last one is answered.
async fn waiting(mut stub: Stub, questions: usize) -> Result<(), Status> {
    let (ask, request) = mpsc::channel(1);
    let call = stub.bidirectional_streaming_echo(ReceiverStream::new(request));
    let mut answers = call.await?.into_inner();
    for _ in 0..questions {
        ask.send(question()).await.expect("the call goes on");
        answers.message().await?.expect("there is an answer to each");
    }
    Ok(())
}

/// Sends the questions as fast as they go.
async fn hurrying(mut stub: Stub, questions: usize) -> Result<(), Status> {
    let all = stream::iter((0..questions).map(|_| question()));
    let mut answers = stub.bidirectional_streaming_echo(all).await?.into_inner();
    for _ in 0..questions {
        answers.message().await?.expect("there is an answer to each");
    }
    Ok(())
}

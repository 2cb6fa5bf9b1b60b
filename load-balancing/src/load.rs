//! Load: calls of `UnaryEcho`, so many at a time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use proto::echo::EchoRequest;
use tokio::{sync::mpsc, task::JoinSet};
use tonic::{Request, Status};

use crate::stub::Stub;

/// What is said in each call. The book's client says it too.
pub const MESSAGE: &str = "this is examples/load_balancing";

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Makes `calls` calls, `concurrency` at a time, and hands what each comes to to `seen`.
pub async fn load(
    stub: &Stub,
    calls: usize,
    concurrency: usize,
    mut seen: impl AsyncFnMut(Result<String, Status>),
) {
    let begun = Arc::new(AtomicUsize::new(0));
    let (answers, mut all) = mpsc::channel(concurrency.max(1));
    // The callers are tasks, so that they use all processors. They end with this function.
    let mut callers = JoinSet::new();
    for _ in 0..concurrency.min(calls) {
        let (mut stub, answers, begun) = (stub.clone(), answers.clone(), Arc::clone(&begun));
        callers.spawn(async move {
            while begun.fetch_add(1, Ordering::Relaxed) < calls {
                // An error says that nobody wants to know any more.
                if answers.send(call(&mut stub).await).await.is_err() {
                    break;
                }
            }
        });
    }
    drop(answers);
    while let Some(answer) = all.recv().await {
        seen(answer).await;
    }
}

async fn call(stub: &mut Stub) -> Result<String, Status> {
    let mut request = Request::new(EchoRequest { message: MESSAGE.into() });
    request.set_timeout(TIMEOUT);
    Ok(stub.unary_echo(request).await?.into_inner().message)
}

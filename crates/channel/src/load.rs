//! Load: many calls, some of them at a time. The examples use it to show what a channel does.

use futures::{StreamExt, stream};

/// Makes `calls` calls, `concurrency` at a time, and passes each result to `seen`. Each call is a
/// task, so that the calls use all processors. Fails if one panics.
pub async fn load<F, T>(
    calls: usize,
    concurrency: usize,
    call: impl Fn() -> F,
    mut seen: impl FnMut(T),
) -> Result<(), launcher::Error>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let calls = stream::iter(0..calls).map(|_| tokio::spawn(call()));
    let mut results = calls.buffer_unordered(concurrency);
    while let Some(result) = results.next().await {
        seen(result.map_err(|error| format!("a call was not finished: {error}"))?);
    }
    Ok(())
}

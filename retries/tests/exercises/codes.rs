//! 1. Another code.

use std::sync::atomic::Ordering::SeqCst;

use testing::Process;

use crate::backend::Backend;

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_resource_exhausted_is_repeated_too() {
    for (status, name, repeated) in
        [(14, "UNAVAILABLE", true), (8, "RESOURCE_EXHAUSTED", true), (5, "NOT_FOUND", false)]
    {
        let backend = Backend::start().await;
        backend.status.store(status, SeqCst);
        backend.ok_at.store(3, SeqCst);
        let args = ["client", "--addr", &backend.addr, "--calls", "1"];
        let ended = Process::start(env!("CARGO_BIN_EXE_retries"), &args).end().await;
        let expected = if repeated { 3 } else { 1 };
        let attempts = backend.attempts.load(SeqCst);
        assert_eq!(attempts, expected, "{name} must be repeated: {repeated}. {ended:?}");
        assert_eq!(ended.status == Some(0), repeated, "{name}: {ended:?}");
    }
}

//! Exercise 3.

use std::{fs, time::Duration};

use testing::{Ended, Process};
use tokio::time::{Instant, sleep};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tls");

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_the_server_uses_a_new_certificate_without_a_restart() {
    let dir = format!("{}/tls-exercise", env!("CARGO_TARGET_TMPDIR"));
    let _ = fs::remove_dir_all(&dir);
    certs(&dir).await;
    let args = ["server", "--addr", "127.0.0.1:0", "--certs", &dir];
    let mut server = Process::start(PROGRAM, &args);
    let addr = server.addr().await;
    assert!(client(&addr, &dir).await.stderr.is_empty(), "the first certificate must work");

    certs(&dir).await;
    let start = Instant::now();
    while client(&addr, &dir).await.status != Some(0) {
        let waited = start.elapsed();
        assert!(waited < Duration::from_secs(10), "the server still uses the old certificate");
        sleep(Duration::from_millis(100)).await;
    }

    // A client reads only `ca.pem`. The new certificate does not belong to the old key.
    let other = format!("{dir}-other");
    certs(&other).await;
    fs::copy(format!("{other}/server.pem"), format!("{dir}/server.pem")).unwrap();
    // Long enough for a server that reads the files once a second.
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(3) {
        let ended = client(&addr, &dir).await;
        assert_eq!(ended.stderr, "", "the server must use the last good certificate");
        sleep(Duration::from_millis(100)).await;
    }
}

async fn certs(dir: &str) {
    let ended = Process::start(PROGRAM, &["certs", dir, "--force"]).end().await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
}

async fn client(addr: &str, dir: &str) -> Ended {
    Process::start(PROGRAM, &["client", "--addr", addr, "--certs", dir]).end().await
}

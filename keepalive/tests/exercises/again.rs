//! 2. Open it again.

use std::sync::{Arc, atomic::AtomicBool, atomic::Ordering::Relaxed};

use keepalive::tour::forward;
use testing::Process;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use crate::{PROGRAM, require_flag};

/// Whether the network refuses the next connection.
static REFUSE: AtomicBool = AtomicBool::new(false);

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_the_client_opens_the_stream_again() {
    require_flag("client", "--attempts").await;
    let mut server = Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]);
    let server = server.addr().await;

    // A network whose connections are silenced one by one, and that may refuse one.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = &listener.local_addr().unwrap().to_string();
    let silence = Arc::new(Notify::new());
    let silenced = Arc::clone(&silence);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            if REFUSE.swap(false, Relaxed) {
                continue;
            }
            let (server, silenced) = (server.clone(), Arc::clone(&silenced));
            tokio::spawn(async move {
                let server = TcpStream::connect(server).await.unwrap();
                forward(client, server, &silenced, &Notify::new()).await
            });
        }
    });

    for (attempts, lost, refuses, status) in
        [("1", 1, false, 1), ("2", 1, false, 0), ("2", 2, false, 1), ("3", 1, true, 0)]
    {
        let times = ["--interval=200ms", "--timeout=500ms", "--deadline=3s"];
        let args = [&["client", "--addr", addr, "--attempts", attempts], &times[..]].concat();
        let mut client = Process::start(PROGRAM, &args);
        for _ in 0..lost {
            client.line("the stream is open").await;
            REFUSE.store(refuses, Relaxed);
            silence.notify_one();
        }
        let ended = client.end().await;
        assert!(
            ended.status == Some(status),
            "with --attempts {attempts} and {lost} lost connections (the next one is refused: \
             {refuses}), the status must be {status}: {ended:?}"
        );
    }
}

//! 2. Open it again.

use std::sync::Arc;

use keepalive::tour::forward;
use testing::Process;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};

use crate::{PROGRAM, require_flag};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_the_client_opens_the_stream_again() {
    require_flag("client", "--attempts").await;
    let mut server = Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]);
    let server = server.addr().await;

    // A network whose connections are silenced one by one.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let silence = Arc::new(Notify::new());
    let (silenced, mut network) = (Arc::clone(&silence), JoinSet::new());
    network.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((client, _)) = listener.accept().await {
            let (server, silenced) = (server.clone(), Arc::clone(&silenced));
            connections.spawn(async move {
                let server = TcpStream::connect(server).await.unwrap();
                forward(client, server, &silenced, &Notify::new()).await
            });
        }
    });

    for (attempts, silences, status) in [("1", 1, 1), ("2", 1, 0), ("2", 2, 1)] {
        let args = ["client", "--addr", &addr, "--interval", "200ms", "--timeout", "500ms"];
        let args = [&args[..], &["--deadline", "3s", "--attempts", attempts]].concat();
        let mut client = Process::start(PROGRAM, &args);
        for _ in 0..silences {
            client.line("the stream is open").await;
            silence.notify_one();
        }
        let ended = client.end().await;
        assert_eq!(
            ended.status,
            Some(status),
            "with --attempts {attempts} and {silences} lost connections, the status must be \
             {status}: {ended:?}"
        );
    }
}

//! Ctrl-C and SIGTERM end every mode. Linux has no default action for process 1 of a container, so
//! a program has to handle them. An exit status shows that it did: a process that a signal ends has
//! none.

use testing::Process;
use tokio::net::TcpListener;

use crate::probe::{HEALTH, PROBE};

#[tokio::test]
async fn the_probe_ends_with_3() {
    for signal in ["INT", "TERM"] {
        for (program, command) in [(PROBE, &[][..]), (HEALTH, &["probe"][..])] {
            // It waits for a server that does not speak.
            let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = server.local_addr().unwrap().to_string();
            let args = [command, &["--addr", &addr, "--connect-timeout", "1h"]].concat();
            let probe = Process::start(program, &args);
            let _connection = server.accept().await.unwrap();
            probe.signal(signal).await;
            assert_eq!(probe.end().await.status, Some(3), "{signal}: {program}");
        }
    }
}

#[tokio::test]
async fn the_client_ends_with_1() {
    let mut server = Process::start(HEALTH, &["server", "--addr", "127.0.0.1:0"]);
    let addr = server.addr().await;
    for signal in ["INT", "TERM"] {
        let mut client = Process::start(HEALTH, &["client", "--addr", &addr]);
        client.line("end the server").await;
        client.signal(signal).await;
        let ended = client.end().await;
        assert_eq!(ended.status, Some(1), "{signal}: {ended:?}");
    }
}

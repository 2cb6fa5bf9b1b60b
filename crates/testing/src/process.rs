//! An example as its user starts it.

use std::{env, net::SocketAddr, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::TcpSocket,
    process::{Child, Command},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

/// After this long a test stops waiting. Nothing here takes that long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// The Python that has what the tests need: `PYTHON` where it is set, or else `python3`.
#[must_use]
pub fn python() -> String {
    env::var("PYTHON").unwrap_or_else(|_| "python3".into())
}

/// An address where nobody listens, for as long as the socket is held.
#[must_use]
pub fn deaf_addr() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().expect("there are sockets");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(any).expect("there is a free port");
    let addr = socket.local_addr().expect("it is bound").to_string();
    (socket, addr)
}

/// A running program, killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// What it prints, read at once: a program whose pipe is full stands still.
    stdout: UnboundedReceiver<String>,
    seen: String,
}

/// How a program ended, and all that it printed.
#[derive(Debug)]
pub struct Ended {
    /// The exit status; `None` where a signal ended it.
    pub status: Option<i32>,
    /// All of standard output, from the start.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

impl Process {
    /// Starts `program` with its output in pipes.
    #[must_use]
    pub fn start(program: &str, args: &[&str]) -> Self {
        let mut child = Command::new(program)
            .args(args)
            .env_remove("CLICOLOR")
            .env_remove("CLICOLOR_FORCE")
            .env_remove("NO_COLOR")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
        let stdout = child.stdout.take().expect("standard output is piped");
        let mut stdout = BufReader::new(stdout).lines();
        let (lines, seen) = unbounded_channel();
        tokio::spawn(async move {
            while let Some(line) = stdout.next_line().await.expect("standard output is text") {
                // Where the test is over, nobody waits for it.
                let _ = lines.send(line);
            }
        });
        Self { child, stdout: seen, seen: String::new() }
    }

    /// Waits for a line on standard output that contains `part`, and returns it.
    pub async fn line(&mut self, part: &str) -> String {
        loop {
            let line = timeout(PATIENCE, self.stdout.recv())
                .await
                .unwrap_or_else(|_| panic!("no line with {part:?} in time:\n{}", self.seen))
                .unwrap_or_else(|| panic!("it ended without {part:?}:\n{}", self.seen));
            self.seen.push_str(&line);
            self.seen.push('\n');
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Waits until the server listens, and returns the address that it prints.
    pub async fn addr(&mut self) -> String {
        let line = self.line("listening on ").await;
        line.rsplit(' ').next().expect("a split has a first part").to_owned()
    }

    /// Sends it a signal by its name, such as `TERM`.
    #[cfg(unix)]
    pub async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it is running").to_string();
        let kill = Command::new("kill").args(["-s", name, &id]).status().await;
        assert!(kill.expect("there is a kill command").success());
    }

    /// Waits for its end.
    pub async fn end(mut self) -> Ended {
        let mut stderr = self.child.stderr.take().expect("standard error is piped");
        let mut errors = String::new();
        let all = async {
            let ((), read, status) = tokio::join!(
                async {
                    while let Some(line) = self.stdout.recv().await {
                        self.seen.push_str(&line);
                        self.seen.push('\n');
                    }
                },
                stderr.read_to_string(&mut errors),
                self.child.wait(),
            );
            read.expect("standard error is text");
            status.expect("its end can be waited for")
        };
        let status = timeout(PATIENCE, all).await.expect("it ends in time");
        Ended { status: status.code(), stdout: self.seen, stderr: errors }
    }
}

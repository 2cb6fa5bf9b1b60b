//! An example as a process, started as its user starts it.

use std::{env, net::SocketAddr, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::TcpSocket,
    process::{Child, Command},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

/// How long a test waits. Nothing takes this long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// The Python interpreter for the interop tests: the value of `PYTHON`, or `python3`.
#[must_use]
pub fn python() -> String {
    env::var("PYTHON").unwrap_or_else(|_| "python3".into())
}

/// A `HOST:PORT` at which no server listens, and none can start until the socket is dropped.
#[must_use]
pub fn closed_addr() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().expect("a socket can be made");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(any).expect("there is a free port");
    let addr = socket.local_addr().expect("the socket is bound").to_string();
    (socket, addr)
}

/// A running program, killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// The lines of standard output. A task reads them all the time, because a program blocks when
    /// the pipe that it prints to is full.
    stdout: UnboundedReceiver<String>,
    seen: String,
}

/// How a program ended, and everything that it printed.
#[derive(Debug)]
pub struct Ended {
    /// The exit status, or `None` if a signal ended the program.
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
                // It fails when the test is over and no longer needs the line.
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
                .unwrap_or_else(|_| panic!("no line contains {part:?} in time:\n{}", self.seen))
                .unwrap_or_else(|| {
                    panic!("the program ended without {part:?}:\n{}", self.seen)
                });
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

    /// Sends a signal, such as `TERM`, to the program.
    #[cfg(unix)]
    pub async fn signal(&self, name: &str) {
        let id = self.child.id().expect("the program is running").to_string();
        let kill = Command::new("kill").args(["-s", name, &id]).status().await;
        assert!(kill.expect("there is a kill command").success());
    }

    /// Waits until the program ends.
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
            status.expect("the program can be waited for")
        };
        let status = timeout(PATIENCE, all).await.expect("the program ends in time");
        Ended { status: status.code(), stdout: self.seen, stderr: errors }
    }
}

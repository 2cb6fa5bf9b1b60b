//! Programs to be measured, and what the system says about them.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{Outcome, load::Measured};

/// Builds the examples as a reader would, and returns the folder of their programs.
pub(crate) fn build() -> Outcome<PathBuf> {
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo.args(["build", "--release", "--message-format", "short"]);
    for name in ["productinfo", "order-management", "load-balancing"] {
        cargo.args(["-p", name]);
    }
    succeed(cargo)?;
    Ok(Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("release"))
}

/// Runs a command that has to succeed.
pub(crate) fn succeed(mut command: Command) -> Outcome {
    let status =
        command.status().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed: {status}").into()) }
}

/// A server in a process of its own, with its transcript in a file. Dropping it ends the process.
pub(crate) struct Server {
    process: Child,
    pub(crate) addr: String,
}

impl Server {
    pub(crate) fn start(program: &Path, arguments: &[&str], folder: &Path) -> Outcome<Self> {
        let name = program.file_name().ok_or("a program has a name")?;
        let log = folder.join(name).with_extension("log");
        let process = Command::new(program)
            .args(arguments)
            .arg("127.0.0.1:0")
            .stdout(fs::File::create(&log)?)
            .spawn()?;
        let mut server = Self { process, addr: String::new() };
        let start = Instant::now();
        while server.addr.is_empty() && start.elapsed().as_secs() < 10 {
            let line = BufReader::new(fs::File::open(&log)?).lines().next();
            let line = line.transpose()?.unwrap_or_default();
            server.addr = line.rsplit_once("listening on ").map_or("", |(_, addr)| addr).into();
            thread::sleep(Duration::from_millis(10));
        }
        if server.addr.is_empty() {
            return Err(format!("{} does not listen", program.display()).into());
        }
        Ok(server)
    }

    /// The processor time that it has used so far, in seconds.
    pub(crate) fn cpu(&self) -> Outcome<f64> {
        cpu(&format!("/proc/{}/stat", self.process.id()), 11)
    }

    /// How much memory it has, in kB.
    pub(crate) fn memory(&self) -> Outcome<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kb = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmRSS")?;
        Ok(kb.parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs a client to its end.
pub(crate) fn run(mut client: Command) -> Outcome<Measured> {
    client.stdout(Stdio::null());
    let before = children()?;
    let start = Instant::now();
    succeed(client)?;
    let seconds = start.elapsed().as_secs_f64();
    Ok(Measured { seconds, cpu: children()? - before, ..Measured::default() })
}

/// The processor time of all processes that this one has started and waited for, in seconds.
fn children() -> Outcome<f64> {
    cpu("/proc/self/stat", 13)
}

/// The sum of two fields of `/proc/PID/stat`, of which the first is the `first` after the program's name
/// (man page proc_pid_stat(5)).
fn cpu(path: &str, first: usize) -> Outcome<f64> {
    let stat = fs::read_to_string(path)?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no name")?;
    let ticks = fields.split_whitespace().skip(first).take(2).map(str::parse::<f64>);
    // Linux counts these in hundredths of a second on all usual machines.
    Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
}

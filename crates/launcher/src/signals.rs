//! Ctrl-C, and what else tells a process to stop.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{CtrlBreak, CtrlC, ctrl_break, ctrl_c};

/// The requests to stop, one after the other.
///
/// They are listened for from the moment this is made; a signal that comes earlier ends the
/// process, as it does any.
pub(crate) struct Signals {
    /// Ctrl-C in a terminal.
    #[cfg(unix)]
    interrupt: Signal,
    /// `kill`, and what Kubernetes and systemd send.
    #[cfg(unix)]
    terminate: Signal,
    #[cfg(windows)]
    interrupt: CtrlC,
    /// The only one that a program can send to another: Windows knows no SIGTERM.
    #[cfg(windows)]
    terminate: CtrlBreak,
}

impl Signals {
    #[cfg(unix)]
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(windows)]
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { interrupt: ctrl_c()?, terminate: ctrl_break()? })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

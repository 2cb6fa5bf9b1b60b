//! Ctrl-C, and what else asks a process to stop.

use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{CtrlBreak, CtrlC, ctrl_break, ctrl_c};

/// How many servers handle signals themselves at the moment.
static HANDLERS: AtomicUsize = AtomicUsize::new(0);

/// The requests to stop, one after the other.
///
/// Every program here listens for them, including clients. As process 1 in a container, a program
/// that did not could not be stopped by SIGTERM at all: for that process, Linux has no default
/// action.
#[derive(Debug)]
pub(crate) struct Signals {
    /// Ctrl-C in a terminal.
    #[cfg(unix)]
    interrupt: Signal,
    /// `kill`, and what Kubernetes and systemd send.
    #[cfg(unix)]
    terminate: Signal,
    #[cfg(windows)]
    interrupt: CtrlC,
    /// The only one that a program can send to another: Windows has no SIGTERM.
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

    /// Waits for the next one that no [`Handler`] takes care of.
    pub(crate) async fn next_unhandled(&mut self) {
        loop {
            self.next().await;
            if HANDLERS.load(Relaxed) == 0 {
                return;
            }
        }
    }
}

/// While this exists, signals do not end the process: a server drains first.
#[derive(Debug)]
pub(crate) struct Handler;

impl Handler {
    pub(crate) fn new() -> Self {
        HANDLERS.fetch_add(1, Relaxed);
        Self
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        HANDLERS.fetch_sub(1, Relaxed);
    }
}

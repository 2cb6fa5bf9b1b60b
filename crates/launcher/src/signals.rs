//! Ctrl-C, and what else asks a process to stop.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

#[cfg(unix)]
use tokio::signal::unix::{Signal as Interrupt, Signal as Terminate, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{CtrlBreak as Terminate, CtrlC as Interrupt, ctrl_break, ctrl_c};

/// Whether a server handles signals itself, because it drains before the process ends.
static HANDLED: AtomicBool = AtomicBool::new(false);

/// The requests to stop, one after the other.
///
/// Clients listen for them too. For process 1 of a container, Linux has no default action, and SIGTERM
/// would not stop a program that does not listen.
pub(crate) struct Signals {
    /// Ctrl-C in a terminal.
    interrupt: Interrupt,
    /// `kill`, Kubernetes and systemd send this. Windows has no SIGTERM, but Ctrl-Break.
    terminate: Terminate,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        #[cfg(unix)]
        let [interrupt, terminate] =
            [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
        #[cfg(windows)]
        let (interrupt, terminate) = (ctrl_c()?, ctrl_break()?);
        Ok(Self { interrupt, terminate })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// For a server: from here on, [`next_unhandled`](Self::next_unhandled) does not return.
    pub(crate) fn handle() -> io::Result<Self> {
        HANDLED.store(true, Relaxed);
        Self::new()
    }

    /// Waits for the next one that no server handles.
    pub(crate) async fn next_unhandled(&mut self) {
        self.next().await;
        while HANDLED.load(Relaxed) {
            self.next().await;
        }
    }
}

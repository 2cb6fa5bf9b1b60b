//! Panics, anywhere in the process, end it with one line and not with a backtrace.
//!
//! tokio catches a panic in a task and passes it to the code that awaits the task. Often none does.
//! Then a server goes on without a part of it, or a client reports success for calls that it never
//! made. Go ends the whole process, and so does this.

use std::{
    panic::{self, PanicHookInfo},
    process,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

use crate::{output::STDOUT, transcript::print_error};

/// From here on, a panic in any thread or task prints one line to standard error and ends the
/// process with `status`.
pub fn exit_on_panic(status: u8) {
    static PANICKED: AtomicBool = AtomicBool::new(false);
    panic::set_hook(Box::new(move |panic| {
        if PANICKED.swap(true, Relaxed) {
            // Another thread was first, and ends the process.
            loop {
                thread::park();
            }
        }
        STDOUT.finish();
        print_error(&describe(panic));
        process::exit(status.into());
    }));
}

fn describe(panic: &PanicHookInfo<'_>) -> String {
    // `panic!` makes a `&str` of a text alone, and a `String` of one with values in it.
    let payload = panic.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message");
    let location = panic.location().map_or_else(String::new, |location| {
        // Of a dependency's path, its package and the file in it are enough.
        let parts = location.file().split(['/', '\\']).collect::<Vec<_>>();
        let source = parts.iter().rposition(|part| *part == "src").unwrap_or_default();
        let file = parts.get(source.saturating_sub(1)..).unwrap_or_default().join("/");
        format!(" at {file}:{}", location.line())
    });
    format!("internal error{location}: {message}; this is a bug, please report it")
}

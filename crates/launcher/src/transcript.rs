//! The transcript on standard output, and diagnostics on standard error.
//!
//! A line of the transcript is a `tracing` event whose target is the side, so it can go to any other log,
//! too. Without a subscriber, as in most tests, a line costs next to nothing.

use std::{
    env,
    fmt::{self, Write as _},
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, filter::Targets, fmt::layer, layer::Context, prelude::*};

use crate::output::{COLOURS, STDERR, STDOUT};

/// Writes one line of the transcript. The first word names the side, `server` or `client`; the
/// rest is as in `println!`.
///
/// ```
/// launcher::transcript!(server, "storing {:?}", "Apple iPhone 11");
/// ```
///
/// In your own service, write `tracing::info!("storing {name:?}")` instead.
#[macro_export]
macro_rules! transcript {
    (server, $($message:tt)+) => { $crate::tracing::info!(target: "server", $($message)+) };
    (client, $($message:tt)+) => { $crate::tracing::info!(target: "client", $($message)+) };
}

/// Sends events to standard output and standard error from here on.
pub(crate) fn start() {
    let sides = Targets::from_iter([("server", Level::INFO), ("client", Level::INFO)]);
    let diagnostics = env::var("RUST_LOG").ok().map(|filter| {
        let targets = filter.parse().unwrap_or_else(|error| {
            // The variable may have been set for another program, so this is no reason to stop.
            STDERR.line(&format!("ignoring RUST_LOG={filter}: {error}"));
            Targets::new()
        });
        layer().with_writer(|| &STDERR).with_filter(targets)
    });
    tracing_subscriber::registry().with(Transcript.with_filter(sides)).with(diagnostics).init();
}

/// Writes `server | what happened`.
struct Transcript;

impl<S: Subscriber> Layer<S> for Transcript {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let side = event.metadata().target();
        let colour = if side == "server" { "\x1b[32m" } else { "\x1b[36m" };
        let (start, end) = if *COLOURS { (colour, "\x1b[0m") } else { ("", "") };
        let mut line = Line { text: String::with_capacity(128), characters: 0 };
        line.text.extend([start, side, " |", end, " "]);
        event.record(&mut line);
        STDOUT.line(&line.text);
    }
}

/// How many characters of a text are shown.
const MAX_LINE: usize = 1_000;

/// The text in one line, with escaped control characters, and cut off after 1,000 characters. Many texts
/// come from the other side. They must not be able to start a new line, or to move the terminal's cursor.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = Line { text: String::new(), characters: 0 };
    // Writing to a string cannot fail.
    let _ = line.write_str(text);
    line.text
}

/// Prints one line to standard error, without waiting for ever for its reader.
pub fn print_error(line: &str) {
    STDERR.line(&one_line(line));
    STDERR.finish();
}

/// A line that grows. Text is escaped while it is formatted.
struct Line {
    text: String,
    characters: usize,
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // The usual case. One character after another takes several times as long.
        if self.characters + text.len() <= MAX_LINE
            && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        {
            self.text.push_str(text);
            self.characters += text.len();
            return Ok(());
        }
        for letter in text.chars() {
            match self.characters {
                ..MAX_LINE if letter.is_control() => self.text.extend(letter.escape_default()),
                ..MAX_LINE => self.text.push(letter),
                MAX_LINE => self.text.push('…'),
                _ => break,
            }
            self.characters += 1;
        }
        Ok(())
    }
}

impl Visit for Line {
    fn record_debug(&mut self, _field: &Field, value: &dyn fmt::Debug) {
        // The message of `transcript!` is the only field.
        let _ = write!(self, "{value:?}");
    }
}

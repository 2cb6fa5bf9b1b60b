//! What the user sees: the transcript on standard output, diagnostics on standard error.
//!
//! An example reports with `tracing::info!`, as it would in production; its `server` and
//! `client` modules are the two sides of the transcript. Where nobody listens, as in most
//! tests, such a line costs next to nothing.

use std::{
    env, fmt,
    io::{self, Write as _},
};

use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::{
    filter::{LevelFilter, Targets, filter_fn},
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer, layer},
    prelude::*,
    registry::LookupSpan,
};

/// Sends events to where they are seen, from here on.
pub(crate) fn start() {
    let transcript = layer()
        .event_format(Transcript)
        // `anstream` takes the colours out again where they are not wanted: in a pipe, with
        // NO_COLOR, on a dumb terminal.
        .with_writer(anstream::stdout)
        // `| head` closes standard output early; that is no fault to report.
        .log_internal_errors(false)
        .with_filter(
            filter_fn(|event| side(event).is_some()).with_max_level_hint(LevelFilter::INFO),
        );
    let diagnostics = env::var("RUST_LOG")
        .ok()
        .map(|filter| layer().with_writer(io::stderr).with_filter(targets(&filter)));
    tracing_subscriber::registry().with(transcript).with(diagnostics).init();
}

/// Reads a RUST_LOG such as `h2=debug,tonic=trace`.
fn targets(filter: &str) -> Targets {
    filter.parse().unwrap_or_else(|error| {
        // A variable that was set for another program is no reason to stop.
        let _ = writeln!(io::stderr(), "RUST_LOG={filter} is left aside: {error}");
        Targets::new()
    })
}

/// The side that an event belongs to: its target, or, for what is merely told, the last word of its
/// target, which is the module that it comes from. `None` where it is no line of the transcript.
fn side(event: &Metadata<'_>) -> Option<&'static str> {
    let target = event.target();
    let side = match *event.level() {
        // Other crates have modules of these names too, and warnings in them.
        Level::INFO => target.rsplit("::").next().unwrap_or(target),
        Level::WARN | Level::ERROR => target,
        _ => return None,
    };
    ["server", "client"].into_iter().find(|name| *name == side)
}

/// How many characters of a text are shown.
const MAX_LINE: usize = 1_000;

/// Writes `server | what happened`.
struct Transcript;

impl<S, N> FormatEvent<S, N> for Transcript
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let side = side(event.metadata()).unwrap_or_default();
        let colour = if side == "server" { "\x1b[32m" } else { "\x1b[36m" };
        let mut line = String::new();
        context.format_fields(Writer::new(&mut line), event)?;
        writeln!(writer, "{colour}{side} |\x1b[0m {}", one_line(&line))
    }
}

/// The text with its control characters spelled out, and no more than a screenful of it. Much of
/// what is shown has come from the other side, which must not start a line of its own here, nor
/// move the terminal's cursor.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::new();
    for (number, letter) in text.chars().enumerate() {
        if number == MAX_LINE {
            line.push('…');
            break;
        }
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_text_is_cut_where_it_gets_too_long() {
        assert_eq!(one_line(&"상".repeat(1_000)), "상".repeat(1_000));
        assert_eq!(one_line(&"상".repeat(1_001)), "상".repeat(1_000) + "…");
    }

    #[test]
    fn a_text_cannot_leave_its_line() {
        assert_eq!(one_line("one\ntwo \u{1b}[2J \u{c0c1}"), "one\\ntwo \\u{1b}[2J \u{c0c1}");
    }
}

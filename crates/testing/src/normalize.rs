//! A transcript without the parts that differ from run to run.

use regex_lite::{Captures, Regex};

/// Replaces whatever differs from run to run: error numbers, durations, dates, bars, how many calls
/// failed, and the length of headers, which contain an address. Addresses and UUIDs are numbered in
/// the order in which they appear, so that two equal ones stay equal.
pub(crate) fn normalize(text: &str) -> String {
    let text = pattern(r"os error \d+").replace_all(text, "os error N");
    let text = pattern(r"after \d+(\.\d+)?(ns|µs|ms|s)\b").replace_all(&text, "after TIME");
    let text = pattern(r"\d+(\.\d+)?(ns|µs|ms|s) left\b").replace_all(&text, "TIME left");
    let text = pattern(r"date: .+").replace_all(&text, "date: DATE");
    let text = pattern(r"(HEADERS .* length) \d+").replace_all(&text, "$1 N");
    let text = pattern(r" *█+ \d+").replace_all(&text, " BAR");
    let text = pattern(r"\d+ of (\d+) calls failed").replace_all(&text, "SOME of $1 failed");
    let text = numbered(&text, r"127\.0\.0\.1:\d+ *", "127.0.0.1:PORT-");
    numbered(&text, r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID-")
}

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is valid")
}

/// Replaces each match of the pattern `this` by `name` and a number; equal matches get equal numbers.
fn numbered(text: &str, this: &str, name: &str) -> String {
    let mut seen = Vec::new();
    let number = |found: &Captures<'_>| {
        let found = found[0].trim_end().to_owned();
        let known = seen.iter().position(|other| *other == found);
        let number = known.unwrap_or_else(|| {
            seen.push(found);
            seen.len() - 1
        });
        format!("{name}{number}")
    };
    pattern(this).replace_all(text, number).into_owned()
}

#[cfg(test)]
mod tests {
    use super::normalize;

    #[test]
    fn uuids_and_ports_may_differ() {
        assert_eq!(
            normalize("127.0.0.1:1 b89cc8f9-e11b-404f-8f02-6533378a1091"),
            normalize("127.0.0.1:2 45df9af3-2841-430b-afa1-85698d59d835"),
        );
    }

    #[test]
    fn two_uuids_are_not_the_same_one_twice() {
        let one = "b89cc8f9-e11b-404f-8f02-6533378a1091";
        let two = "45df9af3-2841-430b-afa1-85698d59d835";
        assert_ne!(normalize(&format!("{one} {two}")), normalize(&format!("{one} {one}")));
    }
}

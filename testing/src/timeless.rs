//! What a transcript says, whenever it is made.

use regex_lite::{Captures, Regex};

/// The text with what differs from run to run replaced: ports, error numbers, times that
/// something took, and UUIDs, which are numbered as they come.
pub(crate) fn timeless(text: &str) -> String {
    let pattern = |pattern| Regex::new(pattern).expect("the pattern is valid");
    let text = pattern(r"127\.0\.0\.1:\d+").replace_all(text, "127.0.0.1:PORT");
    let text = pattern(r"os error \d+").replace_all(&text, "os error N");
    let text = pattern(r"after \d+(\.\d+)?(ns|µs|ms|s)\b").replace_all(&text, "after TIME");
    let mut uuids = Vec::new();
    pattern(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
        .replace_all(&text, |found: &Captures<'_>| {
            let uuid = found[0].to_owned();
            let known = uuids.iter().position(|other| *other == uuid);
            let number = known.unwrap_or_else(|| {
                uuids.push(uuid);
                uuids.len() - 1
            });
            format!("UUID-{number}")
        })
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::timeless;

    #[test]
    fn uuids_and_ports_may_differ() {
        assert_eq!(
            timeless("127.0.0.1:1 b89cc8f9-e11b-404f-8f02-6533378a1091"),
            timeless("127.0.0.1:2 45df9af3-2841-430b-afa1-85698d59d835"),
        );
    }

    #[test]
    fn two_uuids_are_not_the_same_one_twice() {
        let one = "b89cc8f9-e11b-404f-8f02-6533378a1091";
        let two = "45df9af3-2841-430b-afa1-85698d59d835";
        assert_ne!(timeless(&format!("{one} {two}")), timeless(&format!("{one} {one}")));
    }
}

//! A README that cannot go stale: its commands are run, its excerpts are looked up.

use std::{fs, net::TcpListener, path::Path};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use regex_lite::{Captures, Regex};

use crate::Process;

/// Checks the `README.md` in the folder `package`, whose program is `program`.
///
/// In a fenced block marked `console`, each line after a `$` is a command, and the lines below
/// it are what it prints. Ports and UUIDs may differ, but a UUID that stands in two places must
/// be the same in both. `cargo run -p …` runs `program`. A server runs on while the commands
/// after it are tried, and gets its Ctrl-C where the README has a line `^C`. Clients talk to
/// that server, or find none if there is none.
///
/// A block marked `rust FILE` is an excerpt: its lines stand in FILE, one after the other, where
/// `// ...` stands for any number of lines, and with any indentation.
pub async fn check_readme(package: &str, program: &str) {
    let package = Path::new(package);
    let readme = read(&package.join("README.md"));
    let mut server = None;
    let mut checked = 0;
    for (info, text) in blocks(&readme) {
        match info.split_whitespace().collect::<Vec<_>>()[..] {
            ["console"] => check_console(program, &text, &mut server).await,
            ["rust", file] => check_excerpt(&text, file, &read(&package.join(file))),
            _ => continue,
        }
        checked += 1;
    }
    if let Some((server, expected)) = server.take() {
        compare(&interrupt(server).await, &expected);
    }
    assert!(checked > 0, "the README has nothing to check");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The fenced code blocks, each with what stands behind its opening fence.
fn blocks(markdown: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut block = None;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                block = Some((info.to_string(), String::new()));
            }
            Event::Text(text) => {
                if let Some((_, block)) = &mut block {
                    block.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks.extend(block.take()),
            _ => {}
        }
    }
    blocks
}

/// A server that the README has started, and what it is to have printed at its end.
type Server = Option<((Process, String), String)>;

/// Runs the commands of one block and compares what they print.
async fn check_console(program: &str, block: &str, server: &mut Server) {
    for command in block.split("$ ").skip(1) {
        let (command, expected) = command.split_once('\n').unwrap_or((command, ""));
        let words = command.split_whitespace().collect::<Vec<_>>();
        let ["cargo", "run", "-p", _, args @ ..] = &words[..] else {
            panic!("the README has a command that its test cannot run: {command}");
        };
        let mut args = args.strip_prefix(&["--"]).unwrap_or(args).to_vec();
        let free;
        match args.first() {
            Some(&"server") => {
                args.extend(["--addr", "127.0.0.1:0"]);
                let mut process = Process::start(program, &args);
                let addr = process.addr().await;
                *server = Some(((process, addr), expected.replace("^C\n", "")));
                continue;
            }
            Some(&"client") => {
                free = free_addr();
                let addr = server.as_ref().map_or(&free, |((_, addr), _)| addr);
                args.extend(["--addr", addr]);
            }
            _ => {}
        }
        let ended = Process::start(program, &args).end().await;
        compare(&(ended.stdout + &ended.stderr), expected);
    }
}

/// An address where nobody listens.
fn free_addr() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it is bound").to_string()
}

/// Ctrl-C, and what the server had printed when it ended.
async fn interrupt((server, _): (Process, String)) -> String {
    server.signal("INT").await;
    server.end().await.stdout
}

fn compare(printed: &str, expected: &str) {
    let (printed, expected) = (timeless(printed), timeless(expected));
    assert!(
        printed == expected,
        "the README shows:\n{expected}\nand what is printed is:\n{printed}"
    );
}

/// The text with what differs from run to run replaced: ports, error numbers, and UUIDs, which
/// are numbered as they come.
fn timeless(text: &str) -> String {
    let pattern = |pattern| Regex::new(pattern).expect("the pattern is valid");
    let text = pattern(r"127\.0\.0\.1:\d+").replace_all(text, "127.0.0.1:PORT");
    let text = pattern(r"os error \d+").replace_all(&text, "os error N");
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

fn check_excerpt(excerpt: &str, name: &str, file: &str) {
    let lines = file.lines().map(str::trim).collect::<Vec<_>>();
    let mut rest = &lines[..];
    for (number, part) in excerpt.split("// ...").enumerate() {
        let part = part.lines().map(str::trim).collect::<Vec<_>>();
        // A part is cut at line ends, which leaves an empty line at either side of it.
        let part = part.iter().copied().skip_while(|line| line.is_empty()).collect::<Vec<_>>();
        let end = part.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
        let part = &part[..end];
        let found = rest.windows(part.len().max(1)).position(|window| window == part);
        match found {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None if part.is_empty() => {}
            None => panic!("part {number} of an excerpt does not stand in {name}:\n{excerpt}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{check_excerpt, compare};

    const FILE: &str = "fn a() {\n    one();\n    two();\n    three();\n}\n";

    #[test]
    fn an_excerpt_may_be_indented_otherwise_and_leave_lines_out() {
        check_excerpt("one();\ntwo();\n", "FILE", FILE);
        check_excerpt("fn a() {\n  one();\n  // ...\n}\n", "FILE", FILE);
    }

    #[test]
    #[should_panic(expected = "does not stand in FILE")]
    fn an_excerpt_that_leaves_a_line_out_unsaid_is_found() {
        check_excerpt("one();\nthree();\n", "FILE", FILE);
    }

    #[test]
    #[should_panic(expected = "does not stand in FILE")]
    fn an_excerpt_in_another_order_is_found() {
        check_excerpt("two();\n// ...\none();\n", "FILE", FILE);
    }

    #[test]
    fn uuids_and_ports_may_differ() {
        compare(
            "127.0.0.1:1 b89cc8f9-e11b-404f-8f02-6533378a1091",
            "127.0.0.1:2 45df9af3-2841-430b-afa1-85698d59d835",
        );
    }

    #[test]
    #[should_panic(expected = "UUID-1")]
    fn two_uuids_that_are_shown_as_one_are_found() {
        compare(
            "b89cc8f9-e11b-404f-8f02-6533378a1091 45df9af3-2841-430b-afa1-85698d59d835",
            "b89cc8f9-e11b-404f-8f02-6533378a1091 b89cc8f9-e11b-404f-8f02-6533378a1091",
        );
    }
}

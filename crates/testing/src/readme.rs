//! Checks a README: runs its commands and compares its excerpts.

use std::{
    path::Path,
    slice,
    time::{Duration, Instant},
};

use crate::{
    Ended, Process, closed_addr,
    excerpt::{blocks, check_excerpt, exercises, read},
    normalize::normalize,
};

/// Checks the `README.md` in the folder `package`, whose program is `program`.
///
/// The first line of a fenced block names its kind:
///
/// - `console`: a command after `$`, and its output below. Ports and UUIDs may differ, but a UUID that
///   appears twice must be the same in both places. A command must succeed, unless it prints to standard
///   error. A server keeps running during the commands after it, until the next server or the end of the
///   README. The line `^C` shows where a user would end it. Clients and probes call the running server.
///   Without one, they get an address where nothing listens.
/// - `console sides`: the same for two sides that work concurrently. The lines of each side are compared
///   in order, but the order between the sides is ignored.
/// - `rust FILE`: an excerpt. FILE contains its lines one after the other, with any indentation, and
///   `// ...` means any number of lines.
/// - `sh`: a command that is not run. If it tests an exercise, that exercise must exist.
/// - `mermaid`: a diagram. `text`: part of a transcript that another block shows and checks.
pub async fn check_readme(package: &str, program: &str) {
    let package = Path::new(package);
    let mut readme = Readme { package, program, server: None };
    for (info, text) in blocks(&read(&package.join("README.md"))) {
        match info.split_whitespace().collect::<Vec<_>>()[..] {
            ["console"] => readme.check_console(&text, str::to_owned).await,
            ["console", "sides"] => readme.check_console(&text, by_side).await,
            ["rust", file] => check_excerpt(&text, file, &read(&package.join(file))),
            ["sh"] => readme.check_exercise(&text),
            ["mermaid" | "text"] => {}
            _ => panic!("a block that no test checks: ```{info}"),
        }
    }
    readme.end_server().await;
}

struct Readme<'a> {
    package: &'a Path,
    program: &'a str,
    server: Option<Server>,
}

/// A server that the README has started, and its expected output.
struct Server {
    process: Process,
    /// The addresses on which it listens.
    addrs: Vec<String>,
    expected: String,
    order: fn(&str) -> String,
}

/// The server's lines, and then all others.
fn by_side(text: &str) -> String {
    let (server, others): (Vec<_>, Vec<_>) =
        text.lines().partition(|line| line.starts_with("server |"));
    [server, others].concat().join("\n")
}

impl Readme<'_> {
    /// Runs the commands of one block and compares what they print.
    async fn check_console(&mut self, block: &str, order: fn(&str) -> String) {
        for command in block.split("$ ").skip(1) {
            let (command, expected) = command.split_once('\n').unwrap_or((command, ""));
            let words = command.split_whitespace().collect::<Vec<_>>();
            let ["cargo", "run", "-p", name, args @ ..] = &words[..] else {
                panic!("a command that no test can run: {command}");
            };
            assert!(self.package.ends_with(name), "another example's command: {command}");
            let mut args = args.strip_prefix(&["--"]).unwrap_or(args).to_vec();
            let (_held, nobody) = closed_addr();
            match args.first() {
                Some(&"server") => {
                    self.end_server().await;
                    let listeners = expected.matches("listening on ").count();
                    args.extend(["--addr", "127.0.0.1:0"].repeat(listeners));
                    let mut process = Process::start(self.program, &args);
                    let mut addrs = Vec::new();
                    for _ in 0..listeners {
                        addrs.push(process.addr().await);
                    }
                    let expected = expected.replace("^C\n", "");
                    self.server = Some(Server { process, addrs, expected, order });
                    continue;
                }
                Some(&("client" | "probe")) => {
                    let nobody = slice::from_ref(&nobody);
                    let addrs = self.server.as_ref().map_or(nobody, |server| &*server.addrs);
                    args.retain(|arg| *arg != "--addr" && !arg.starts_with("127.0.0.1:"));
                    args.extend(addrs.iter().flat_map(|addr| ["--addr", addr]));
                }
                _ => {}
            }
            compare(&Process::start(self.program, &args).end().await, expected, order);
        }
    }

    /// Ends the server as Ctrl-C does, and compares what it printed.
    async fn end_server(&mut self) {
        if let Some(server) = self.server.take() {
            server.process.signal("INT").await;
            let start = Instant::now();
            let ended = server.process.end().await;
            // After 10 s, the launcher ends a server that does not return, and calls it a success if no
            // call is in flight.
            let took = start.elapsed();
            assert!(took < Duration::from_secs(8), "the server took {took:?} to end");
            compare(&ended, &server.expected, server.order);
        }
    }

    fn check_exercise(&self, block: &str) {
        let start = format!(
            "cargo test -p {} --test exercises -- --ignored ",
            self.package.file_name().expect("a package is a folder").display()
        );
        let Some(exercise) = block.trim().strip_prefix(&start) else {
            assert!(!block.starts_with("cargo test"), "no exercise is tested by {block}");
            return;
        };
        let tests = exercises(self.package);
        assert!(tests.contains(&format!("fn {exercise}_")), "there is no {exercise}");
    }
}

fn compare(ended: &Ended, expected: &str, order: fn(&str) -> String) {
    let printed = order(&normalize(&format!("{}{}", ended.stdout, ended.stderr)));
    let expected = order(&normalize(expected));
    assert!(printed == expected, "expected, from the README:\n{expected}\nprinted:\n{printed}");
    // A probe also prints its success to standard error.
    let well = ended.stderr.is_empty() || ended.stderr.starts_with("status: SERVING");
    assert_eq!(ended.status == Some(0), well, "{ended:?}");
}

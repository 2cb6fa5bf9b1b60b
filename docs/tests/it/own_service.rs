//! The page `your-own-service.md` shows a complete project. This builds and runs it.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{read, root};

/// The files that the page shows, with their paths in the project.
fn files() -> Vec<(String, String)> {
    let page = testing::blocks(&read(&root().join("docs/your-own-service.md")));
    let named = page.into_iter().filter_map(|(info, text)| {
        let (_, path) = info.split_once(" your-own-service/")?;
        Some((path.to_owned(), text))
    });
    named.collect()
}

#[test]
fn the_page_shows_the_whole_project_in_less_than_120_lines_of_code() {
    let files = files();
    for (path, text) in &files {
        assert_eq!(text, &read(&root().join("docs/your-own-service").join(path)), "{path}");
    }
    let code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
    let lines = files.iter().map(|(_, text)| text.lines().filter(code).count()).sum::<usize>();
    assert_eq!(files.len(), 4);
    assert!(lines < 120, "{lines} lines");
}

/// Writes the project into a folder outside of the workspace's packages, as a reader would.
fn project() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("weather");
    for (path, text) in files() {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    // Without this line the project would count as a part of the workspace around it.
    let mut manifest =
        fs::File::options().append(true).open(folder.join("Cargo.toml")).unwrap();
    manifest.write_all(b"\n[workspace]\n").unwrap();
    // The versions of this workspace, so that the test needs no network.
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    folder
}

fn cargo(project: &Path, args: &[&str]) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(args).arg("--offline").current_dir(project).env("CARGO_TARGET_DIR", "target");
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A server that is killed when the test fails.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

#[test]
#[ignore = "needs two minutes, because it builds a project from nothing"]
fn the_project_of_the_page_builds_passes_its_test_and_runs() {
    let project = project();
    cargo(&project, &["test"]);
    cargo(&project, &["build"]);
    let program = project.join("target/debug/weather");

    let mut server = Server(Command::new(&program).stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "listening on 127.0.0.1:50051\n");

    let client = Command::new(&program).arg("Seoul").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&client.stdout), "12 °C\n", "{client:?}");

    let pid = server.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(server.0.wait().unwrap().success(), "SIGTERM ends the server with status 0");
}

//! How a program ends, and what it prints, when something goes wrong.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use testing::Process;
use tokio::{io::AsyncReadExt, process::Command, time::sleep};

/// A program over the launcher that does what a program should not do.
const MISBEHAVE: &str = env!("CARGO_BIN_EXE_misbehave");

#[tokio::test]
async fn a_panic_in_a_task_ends_the_program_with_one_line() {
    let ended = Process::start(MISBEHAVE, &["panic"]).end().await;
    assert_eq!(ended.status, Some(1));
    let lines = ended.stderr.lines().collect::<Vec<_>>();
    let [line] = lines[..] else { panic!("{lines:?}") };
    assert!(line.starts_with("internal error at "), "{line}");
    assert!(line.contains("no\\nsuch sum"), "{line}");
}

#[cfg(unix)]
#[tokio::test]
async fn every_mode_ends_on_a_signal() {
    for signal in ["INT", "TERM"] {
        let mut waiting = Process::start(MISBEHAVE, &["wait"]);
        waiting.line("waiting").await;
        waiting.signal(signal).await;
        let ended = waiting.end().await;
        assert_eq!(ended.status, Some(1));
        assert_eq!(ended.stderr, "interrupted by a signal\n");
    }
}

/// Linux has no default action for signals to process 1, as which a container runs its program.
#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "needs the right to make a PID namespace (root, or unprivileged user namespaces)"]
async fn process_1_of_a_container_ends_on_a_signal() {
    for signal in ["INT", "TERM"] {
        // The shell is process 1 of a new namespace, and then becomes our program.
        let script = format!(
            "unshare --pid --fork --map-root-user sh -c 'exec \"$0\" wait' {MISBEHAVE} & \
             wait $!"
        );
        let mut waiting = Process::start("sh", &["-c", &script]);
        waiting.line("waiting").await;
        // `unshare` itself ignores signals while its child runs, so they go to the child.
        let kill = format!("pkill -{signal} -x misbehave");
        assert!(Command::new("sh").args(["-c", &kill]).status().await.unwrap().success());
        assert_eq!(waiting.end().await.stderr, "interrupted by a signal\n");
    }
}

/// Starts the program with pipes that no one reads.
fn unread(args: &[&str], rust_log: &str) -> tokio::process::Child {
    Command::new(MISBEHAVE)
        .args(args)
        .env("RUST_LOG", rust_log)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_transcript_that_no_one_reads_does_not_delay_the_end() {
    let started = Instant::now();
    let mut flood = unread(&["flood", "100000"], "off");
    // Closes standard input.
    let status = flood.wait().await.unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn diagnostics_that_no_one_reads_do_not_delay_the_end() {
    let status = unread(&["flood", "100000"], "client=info").wait().await.unwrap();
    assert_eq!(status.code(), Some(1));
}

#[tokio::test]
async fn a_slow_reader_delays_the_end_by_a_moment_only() {
    let mut flood = unread(&["flood", "100000"], "off");
    let mut stdout = flood.stdout.take().unwrap();
    // Closes standard input, so that the program ends.
    let ended = tokio::spawn(async move { flood.wait().await.unwrap() });
    let (mut read, mut piece) = (0, vec![0; 4 * 1024]);
    while !ended.is_finished() {
        read += stdout.read(&mut piece).await.unwrap();
        // This is the slow reader, and not a wait of the test.
        sleep(Duration::from_millis(100)).await;
    }
    // More than 1 MiB was waiting to be printed.
    assert!(read < 512 * 1024, "{read} bytes were read before the end");
}

#[tokio::test]
async fn the_log_of_a_program_that_succeeds_is_complete() {
    let log = ["RUST_LOG=misbehave=info", MISBEHAVE, "client"];
    let ended = Process::start("env", &log).end().await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 2_000);
    assert!(ended.stderr.ends_with("line 1999\n"), "the last line is incomplete");
}

#[tokio::test]
async fn lines_that_are_dropped_are_counted() {
    let mut flood = unread(&["flood", "100000"], "off");
    let mut line = [0; "that was a flood".len()];
    flood.stderr.as_mut().unwrap().read_exact(&mut line).await.unwrap();
    // By now lines have been dropped. From here on, standard output is read.
    drop(flood.stdin.take());
    let mut stdout = String::new();
    flood.stdout.as_mut().unwrap().read_to_string(&mut stdout).await.unwrap();
    let (mut printed, mut dropped) = (0, 0);
    for line in stdout.lines() {
        let notice = line.strip_prefix("launcher | ");
        match notice.and_then(|notice| notice.split_once(" lines dropped: standard output")) {
            Some((count, _)) => dropped += count.parse::<usize>().unwrap(),
            None => printed += 1,
        }
    }
    assert!(dropped > 0, "all lines were printed");
    assert_eq!(printed + dropped, 100_000);
}

#[tokio::test]
async fn a_transcript_that_is_read_is_complete() {
    let ended = Process::start(MISBEHAVE, &["flood", "5000"]).end().await;
    let lines = ended.stdout.lines().collect::<Vec<_>>();
    assert_eq!(lines.len(), 5_000);
    assert_eq!(lines[4_999], "client | line 4999 of 5000");
}

//! The exercises of the README, a file for each. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p keepalive --test exercises -- --ignored exercise_1
//! ```

mod again;
mod max_age;

const PROGRAM: &str = env!("CARGO_BIN_EXE_keepalive");

/// Fails with `message` if `command` has no such flag.
async fn require_flag(command: &str, flag: &str) {
    let help = testing::Process::start(PROGRAM, &[command, "--help"]).end().await;
    assert!(help.stdout.contains(flag), "`{command}` has no flag {flag}");
}

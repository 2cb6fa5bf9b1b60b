//! The README is right: its commands print what it shows, and its excerpts are in the code.

use std::{env, fs};

#[tokio::test]
async fn the_readme_shows_what_the_commands_print_and_quotes_the_code() {
    // The README's commands write to a folder in the current one.
    let folder = format!("{}/tls-readme", env!("CARGO_TARGET_TMPDIR"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    env::set_current_dir(&folder).unwrap();
    testing::check_readme(env!("CARGO_MANIFEST_DIR"), env!("CARGO_BIN_EXE_tls")).await;
}

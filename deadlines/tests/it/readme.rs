//! The README is right: its commands print what it shows, and its excerpts are in the code.

#[tokio::test]
async fn the_readme_shows_what_the_commands_print_and_quotes_the_code() {
    testing::check_readme(env!("CARGO_MANIFEST_DIR"), env!("CARGO_BIN_EXE_deadlines")).await;
}

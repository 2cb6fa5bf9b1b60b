//! The README says what happens.
#![cfg(unix)]

#[tokio::test]
async fn the_readme_shows_what_its_commands_print_and_what_the_code_says() {
    testing::check_readme(env!("CARGO_MANIFEST_DIR"), env!("CARGO_BIN_EXE_load-balancing"))
        .await;
}

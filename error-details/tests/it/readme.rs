//! The README shows what its commands print, and quotes code that exists.

#[tokio::test]
async fn the_readme_is_right() {
    testing::check_readme(env!("CARGO_MANIFEST_DIR"), env!("CARGO_BIN_EXE_error-details"))
        .await;
}

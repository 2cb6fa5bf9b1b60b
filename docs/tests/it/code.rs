//! The code on the pages is from the workspace, and their commands name existing packages.

use crate::{pages, read, root};

#[test]
fn an_excerpt_on_a_page_is_in_its_file() {
    // The test of an example checks its chapter.
    for page in pages() {
        if !page.with_file_name("src/main.rs").exists() {
            testing::check_excerpts(&page);
        }
    }
}

/// The missing package, test or benchmark that a cargo command names.
fn missing(command: &str) -> Option<&str> {
    let words = command.split_whitespace().collect::<Vec<_>>();
    let after = |flag: &str| {
        let at = words.iter().position(|word| *word == flag)?;
        words.get(at + 1).copied()
    };
    // A shell variable means several packages.
    let package = after("-p").filter(|package| !package.starts_with('$'));
    let name = package.unwrap_or_default();
    let library = root().join("crates").join(name);
    let package = if library.join("Cargo.toml").exists() { library } else { root().join(name) };
    if !package.join("Cargo.toml").exists() {
        return after("-p");
    }
    let file = |folder: &str, name: &str| {
        let folder = package.join(folder);
        folder.join(format!("{name}.rs")).exists() || folder.join(name).join("main.rs").exists()
    };
    let test = after("--test").filter(|name| !file("tests", name));
    test.or(after("--bench").filter(|name| *name != "'*'" && !file("benches", name)))
}

#[test]
fn commands_name_existing_packages_tests_and_benchmarks() {
    let mut count = 0;
    for page in pages() {
        let blocks = testing::blocks(&read(&page)).into_iter();
        for (_, text) in blocks.filter(|(info, _)| info == "sh") {
            for command in text.lines().filter(|line| line.contains("cargo ")) {
                count += 1;
                assert_eq!(missing(command), None, "{}: {command}", page.display());
            }
        }
    }
    assert!(count > 30, "only {count} commands were found");
}

#[test]
fn a_command_with_a_missing_name_is_found() {
    assert_eq!(missing("cargo run -p no-package"), Some("no-package"));
    assert_eq!(missing("cargo test -p productinfo --test no-test"), Some("no-test"));
    assert_eq!(missing("cargo bench -p docs --bench no-bench"), Some("no-bench"));
}
